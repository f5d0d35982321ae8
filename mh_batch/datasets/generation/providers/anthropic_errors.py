"""What goes wrong with the API, in our errors: by type and status, since messages may repeat what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mh_batch.errors import BatchRefusedError, LostAnswerError, ProviderError

if TYPE_CHECKING:
    from anthropic import APIStatusError

# Nothing was accepted: too many requests, or too much to do just now.
_NOT_NOW = (429, 529)
# The API gave up waiting or met a conflict; whether it did what was asked nobody knows. The same holds for 5xx.
_UNCERTAIN = (408, 409)


@contextmanager
def creating() -> Iterator[None]:
    """Raise BatchRefusedError for now, LostAnswerError where the batch may have been accepted, or ProviderError."""
    from anthropic import APIStatusError

    try:
        yield
    except APIStatusError as error:
        if error.status_code in _NOT_NOW:
            raise BatchRefusedError(f"no batch was accepted ({_named(error)})", _seconds(error)) from None
        if _is_uncertain(error):
            raise LostAnswerError(f"no answer to the creation of a batch ({_named(error)})") from None
        raise ProviderError(
            f"the batch was refused ({_named(error)}): check key, model and recipe, then start again"
        ) from None
    except _failures() as error:
        raise LostAnswerError(f"no answer to the creation of a batch ({type(error).__name__})") from None


@contextmanager
def looking_at(what: str) -> Iterator[None]:
    """Raise LostAnswerError where another look may help, else ProviderError."""
    from anthropic import APIStatusError

    later = "start again later, nothing is sent twice"
    try:
        yield
    except APIStatusError as error:
        if error.status_code in _NOT_NOW or _is_uncertain(error):
            raise LostAnswerError(f"{what} could not be had ({_named(error)}); {later}") from None
        raise ProviderError(f"{what} could not be had ({_named(error)}): check key and address") from None
    except _failures() as error:
        raise LostAnswerError(f"{what} could not be had ({type(error).__name__}); {later}") from None


def _failures() -> tuple[type[Exception], ...]:
    """Errors that tell nothing of what the server did.

    The SDK's own without a status, and what it lets through of its HTTP client's and its JSON reader's, which they
    raise when a response breaks off.
    """
    import httpx2
    from anthropic import AnthropicError

    return (AnthropicError, httpx2.HTTPError, httpx2.StreamError, ValueError)


def _is_uncertain(error: APIStatusError) -> bool:
    return error.status_code >= 500 or error.status_code in _UNCERTAIN


def _named(error: APIStatusError) -> str:
    return ", ".join(filter(None, [str(error.status_code), error.type, error.request_id]))


def _seconds(error: APIStatusError) -> float | None:
    headers: Mapping[str, str] = error.response.headers
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):  # it may be a date, too: then our own patience does
        return None

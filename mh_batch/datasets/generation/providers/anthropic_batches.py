"""Anthropic's Message Batches API, through the official SDK.

Errors are ours, by type and status, since the API's messages may repeat what was sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from mh_batch.datasets.generation.answers import ModelAnswer
from mh_batch.datasets.generation.generation_plan import GenerationPlan
from mh_batch.datasets.generation.providers.base import BatchRequest, BatchState
from mh_batch.errors import BatchRefusedError, LostAnswerError, ProviderError, UsageError

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError
    from anthropic.types import Message
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
    from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
    from anthropic.types.messages.batch_create_params import Request as BatchRequestParams

# Nothing was accepted: too many requests, or too much to do just now.
_NOT_NOW = (429, 529)
# The API gave up waiting or met a conflict; whether it did what was asked nobody knows. The same holds for 5xx.
_UNCERTAIN = (408, 409)

_KEY = "ANTHROPIC_API_KEY"
# The last version of the API in which a request may name a temperature (https://platform.claude.com/docs/en/api/versioning).
_VERSION_WITH_TEMPERATURE = "2023-06-01"
# Of requests that may be sent twice without harm: looking and reading. About a minute in all.
_RETRIES_OF_LOOKS = 10
_LISTED_AT_ONCE = 100


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
    """Errors that do not say what the server did.

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
    except (KeyError, ValueError):  # it may be a date, too: then our own pause does
        return None


class AnthropicProvider:
    """A provider that sends batches under the plan's model and parameters."""

    def __init__(
        self,
        plan: GenerationPlan,
        base_url: str | None = None,
        poll_seconds: float = 30.0,
        settle_seconds: float = 60.0,
    ) -> None:
        """Connect; nothing is sent yet.

        Args:
            plan: Names the model and its parameters.
            base_url: Address of the API; that of the SDK if None.
            poll_seconds: Seconds between two looks at a batch.
            settle_seconds: Seconds after which an accepted batch is sure to be listed.

        Raises:
            UsageError: the SDK is not installed, or the environment holds no key.
        """
        self.poll_seconds, self.settle_seconds = poll_seconds, settle_seconds
        self._plan = plan
        client = _client(plan.temperature is not None, base_url)
        self._batches = client.messages.batches
        # A lost answer is not a failed request: what creates a batch is never sent again by itself.
        self._creating = client.with_options(max_retries=0).messages.batches

    def newest_batch(self) -> str | None:
        """Return the batch that was created last; None if there is none."""
        with looking_at("the list of batches"):
            return next((batch.id for batch in self._batches.list(limit=1).data), None)

    def create(self, asked: Sequence[BatchRequest]) -> str:
        """Send a batch and return its name."""
        with creating():
            batch = self._creating.create(requests=[self._request(one) for one in asked])
        name = getattr(batch, "id", None)  # the SDK takes any answer, such as a proxy's
        if not isinstance(name, str):
            raise LostAnswerError("the creation of a batch was answered without its name")
        return name

    def batches_since(self, newest: str | None) -> Iterator[BatchState]:
        """Yield the batches created after `newest`, the last one first."""
        with looking_at("the list of batches"):
            listed = self._batches.list(limit=_LISTED_AT_ONCE)
            yield from map(_state, takewhile(lambda batch: batch.id != newest, listed))

    def state(self, batch: str) -> BatchState:
        """Look at a batch."""
        with looking_at(f"batch {batch}"):
            return _state(self._batches.retrieve(batch))

    def answers(self, batch: str, asked: Sequence[BatchRequest]) -> Iterator[ModelAnswer]:
        """Yield what became of the requests, as they are streamed."""
        with looking_at(f"the answers of batch {batch}"):
            if self._batches.retrieve(batch).results_url is None:
                raise ProviderError(f"the answers of batch {batch} are gone: the API keeps them for 29 days")
            yield from map(_answer, self._batches.results(batch))

    def _request(self, one: BatchRequest) -> BatchRequestParams:
        params: dict[str, object] = {
            "model": self._plan.model,
            "max_tokens": self._plan.max_tokens,
            "system": self._plan.system,
            "messages": [{"role": "user", "content": one.request.prompt}],
        }
        if self._plan.temperature is not None:
            params["temperature"] = self._plan.temperature
        # The SDK's types follow the latest version of the API, which knows no temperature; the body is sent as it is.
        return {"custom_id": one.custom_id, "params": cast("MessageCreateParamsNonStreaming", params)}


def _client(with_temperature: bool, base_url: str | None) -> Anthropic:
    try:
        from anthropic import Anthropic
    except ImportError:
        raise UsageError("--provider anthropic needs its SDK: pip install 'mh-batch[generate]'") from None
    key = os.environ.get(_KEY)
    if not key:
        raise UsageError(f"--provider anthropic needs a key: set {_KEY} (--dry-run and --provider template need none)")
    version = {"anthropic-version": _VERSION_WITH_TEMPERATURE} if with_temperature else None
    return Anthropic(api_key=key, base_url=base_url, max_retries=_RETRIES_OF_LOOKS, default_headers=version)


def _state(batch: MessageBatch) -> BatchState:
    counts = batch.request_counts
    return BatchState(
        batch=batch.id,
        ended=batch.processing_status == "ended",
        processing=counts.processing,
        succeeded=counts.succeeded,
        errored=counts.errored,
        canceled=counts.canceled,
        expired=counts.expired,
    )


def _answer(response: MessageBatchIndividualResponse) -> ModelAnswer:
    result = response.result
    if result.type == "succeeded":
        return _success(response.custom_id, result.message)
    if result.type == "errored":
        return ModelAnswer(response.custom_id, "errored", error=result.error.error.type)
    return ModelAnswer(response.custom_id, result.type)


def _success(custom_id: str, message: Message) -> ModelAnswer:
    usage = message.usage
    cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    return ModelAnswer(
        custom_id,
        "succeeded",
        model=message.model,
        text="".join(block.text for block in message.content if block.type == "text"),
        stop_reason=message.stop_reason or "",
        input_tokens=usage.input_tokens + cached,
        output_tokens=usage.output_tokens,
    )

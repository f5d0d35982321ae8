"""Keyed hashes that stand for texts and authors outside of the corpus."""

import hmac
import os
import secrets
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from mh_batch.errors import UsageError

_KEY_BYTES = 32
_HEX_DIGITS = 32
_AUTHORS_REMEMBERED = 2**16


def author_key(key: bytes, author_id: str) -> str:
    """Return the pseudonym of an author: 32 hexadecimal digits of an HMAC-SHA-256."""
    return hasher(key, "author")(author_id.encode())


def content_key(key: bytes, text: str) -> str:
    """Return the key of a text, equal for equal texts: 32 hexadecimal digits of an HMAC-SHA-256."""
    return hasher(key, "content")(text.encode())


@lru_cache(maxsize=4)
def hasher(key: bytes, purpose: Literal["author", "content", "outbox", "recipient"]) -> Callable[[bytes], str]:
    """Return the function that gives a value in UTF-8 its pseudonym, as `author_key` does; it hashes the key once.

    The purpose keeps an author's pseudonym from equalling the key of a text that is the author's name.
    """
    begun = hmac.new(key, purpose.encode() + b"\0", "sha256")

    def digest(value: bytes) -> str:
        hashed = begun.copy()
        hashed.update(value)
        return hashed.hexdigest()[:_HEX_DIGITS]

    # An author writes more than once; a text rarely comes back.
    return lru_cache(_AUTHORS_REMEMBERED)(digest) if purpose == "author" else digest


def read_or_create_key(path: Path, may_create: bool) -> bytes:
    """Return the secret key in `path`; make it once, readable by its owner only, if it may be created.

    Raises:
        UsageError: the file is missing and may not be created, or holds no usable key.
    """
    if may_create and not path.exists():
        _create(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise UsageError(f"{path} holds no key: expected {2 * _KEY_BYTES} hexadecimal digits") from None
    if len(key) < _KEY_BYTES:
        raise UsageError(f"the key in {path} is too short: expected {2 * _KEY_BYTES} hexadecimal digits")
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(_KEY_BYTES) + "\n")
    # A link fails where the name exists: of two runs that start at once, one key wins and both read it whole.
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

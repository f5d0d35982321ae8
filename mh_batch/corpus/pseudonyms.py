"""Keyed hashes that stand for texts and authors outside of the corpus."""

import hmac
import os
import secrets
from pathlib import Path

from mh_batch.errors import UsageError

_KEY_BYTES = 32
_DIGEST_BYTES = 16


def author_key(key: bytes, author_id: str) -> str:
    """Return the pseudonym of an author: 32 hexadecimal digits of an HMAC-SHA-256."""
    return _digest(key, b"author\0", author_id)


def content_key(key: bytes, text: str) -> str:
    """Return the key of a text, equal for equal texts: 32 hexadecimal digits of an HMAC-SHA-256."""
    return _digest(key, b"content\0", text)


def _digest(key: bytes, purpose: bytes, value: str) -> str:
    # The purpose keeps an author's pseudonym from equalling the key of a text that is the author's name.
    return hmac.digest(key, purpose + value.encode("utf-8", "surrogatepass"), "sha256")[:_DIGEST_BYTES].hex()


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

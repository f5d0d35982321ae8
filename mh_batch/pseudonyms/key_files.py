"""Places of the secret behind pseudonyms: a file, a secret store's mount, or the environment."""

import os
import secrets
import stat
from pathlib import Path

from mh_batch.errors import KeyFileError
from mh_batch.pseudonyms.hashing import PseudonymKey

ENVIRONMENT = "MH_BATCH_PSEUDONYM_KEY"

_KEY_BYTES = 32
# Of 32 random bytes fewer than 16 differ less than once in 10^20 times.
_LEAST_DISTINCT_BYTES = 16
_EXPECTED = (
    f"expected {2 * _KEY_BYTES} hexadecimal digits, such as `openssl rand -hex {_KEY_BYTES}` prints, on one line for "
    "each key, oldest first"
)


def new_key() -> bytes:
    """Return a fresh random key."""
    return secrets.token_bytes(_KEY_BYTES)


def parse_key(text: str, source: str) -> PseudonymKey:
    """Return the key, or the chain of keys, that is written in `text`.

    Args:
        text: Hexadecimal digits; keys of a chain apart by white space, oldest first.
        source: Where it was read, for the message of an error.

    Raises:
        KeyFileError: it is none, too short, or not random.
    """
    try:
        links = tuple(bytes.fromhex(word) for word in text.split())
    except ValueError:
        links = ()
    if not links:
        raise KeyFileError(f"{source} holds no key: {_EXPECTED}")
    if any(len(link) < _KEY_BYTES for link in links):
        raise KeyFileError(f"the key in {source} is too short: {_EXPECTED}")
    if any(len(set(link)) < _LEAST_DISTINCT_BYTES for link in links):
        raise KeyFileError(f"the key in {source} is not random, so it can be guessed: {_EXPECTED}")
    return PseudonymKey(links)


def key_of_environment() -> PseudonymKey | None:
    """Return the key in the environment variable; None where it is not set."""
    text = os.environ.get(ENVIRONMENT)
    return parse_key(text, f"the environment variable {ENVIRONMENT}") if text is not None else None


def read_key(path: Path) -> PseudonymKey:
    """Return the key in a file; KeyFileError if it holds none."""
    try:
        return parse_key(path.read_text(encoding="ascii"), str(path))
    except OSError as error:
        raise KeyFileError(f"{path} holds no key, it cannot be read ({error.strerror}): {_EXPECTED}") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"{path} holds no key: {_EXPECTED}") from None


def who_else_may_read(path: Path) -> str | None:
    """Return who besides its owner may read a file: `everybody`, `its group` or None."""
    mode = path.stat().st_mode
    if mode & stat.S_IROTH:
        return "everybody"
    return "its group" if mode & stat.S_IRGRP else None


def read_or_create_key(path: Path) -> PseudonymKey:
    """Return the key in a file; make it once, readable by its owner only, where there is none."""
    if not path.exists():
        create_key_file(path, PseudonymKey((new_key(),)))
    return read_key(path)


def create_key_file(path: Path, key: PseudonymKey) -> None:
    """Write a key for its owner only, unless there is a file: of many who do so at once, one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write("".join(f"{link.hex()}\n" for link in key.links))
        stream.flush()
        # What is written under this key can be read under no other: it must not be lost with the machine's power.
        os.fsync(stream.fileno())
    # A link fails where the name exists: of two runs that start at once, one key wins and both read it whole.
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

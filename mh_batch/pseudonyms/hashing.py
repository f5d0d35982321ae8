"""Keyed hashes that stand for texts and authors outside of the corpus."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Literal

_HEX_DIGITS = 32
_AUTHORS_REMEMBERED = 2**16

Purpose = Literal["author", "content", "outbox", "recipient", "erased author", "erased document", "check"]


@dataclass(frozen=True)
class PseudonymKey:
    """The secret behind pseudonyms: one key, or a chain of them where it was rotated.

    Each key hashes what the one before gave. So pseudonyms of the old chain become those of the new one without what
    they stand for, and whoever knows old pseudonyms, but not the new key, cannot tell which new ones they became.

    Attributes:
        links: The keys, oldest first, at least 32 bytes each.
    """

    links: tuple[bytes, ...] = field(repr=False)

    @property
    def check(self) -> str:
        """Tells keys apart and gives nothing of them away."""
        return hasher(self, "check")(b"")

    def rotated(self, new: bytes) -> PseudonymKey:
        """Return the chain with a new key at its end."""
        return PseudonymKey((*self.links, new))


def author_key(key: PseudonymKey, author_id: str) -> str:
    """Return the pseudonym of an author: 32 hexadecimal digits of an HMAC-SHA-256."""
    return hasher(key, "author")(author_id.encode())


@lru_cache(maxsize=8)
def hasher(key: PseudonymKey, purpose: Purpose) -> Callable[[bytes], str]:
    """Return the function that gives a value in UTF-8 its pseudonym, as `author_key` does; it hashes the keys once.

    The purpose keeps an author's pseudonym from equalling the key of a text that is the author's name.
    """
    links = [link_hasher(link, purpose) for link in key.links]

    def digest(value: bytes) -> str:
        return reduce(lambda pseudonym, link: link(pseudonym.encode()), links[1:], links[0](value))

    # An author writes more than once; a text rarely comes back.
    return lru_cache(_AUTHORS_REMEMBERED)(digest) if purpose == "author" else digest


def link_hasher(link: bytes, purpose: Purpose) -> Callable[[bytes], str]:
    """Return what one key of a chain makes of a value, or of the pseudonym that the key before it made."""
    begun = hmac.new(link, purpose.encode() + b"\0", "sha256")

    def digest(value: bytes) -> str:
        hashed = begun.copy()
        hashed.update(value)
        return hashed.hexdigest()[:_HEX_DIGITS]

    return digest

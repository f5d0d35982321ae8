"""The pieces of a text by which near-copies are found.

Short texts are compared by runs of four characters: one replaced word changes a few of them, whatever the language,
where it would change half of a tweet's runs of words. Long texts are compared by runs of three words: long texts of
one language share most of their runs of characters, whatever they say. Texts of middling length have both, so that of
any two texts whose lengths differ by less than half at least one kind is at hand.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

Shingles = npt.NDArray[np.uint32]

CHARACTERS = 4
WORDS = 3


@dataclass(frozen=True)
class Kind:
    """A way to take comparable texts of so many characters apart, into distinct hashes of their pieces."""

    shortest: int
    longest: int
    shingles: Callable[[str], Shingles]

    def suits(self, comparable: str) -> bool:
        """Whether texts of this length are compared in this way."""
        return self.shortest <= len(comparable) <= self.longest


def character_shingles(comparable: str) -> Shingles:
    """Return hashes of the runs of four characters, the spaces around the text included."""
    padded = f" {comparable} "
    return _hashes(padded[i : i + CHARACTERS] for i in range(max(1, len(padded) - CHARACTERS + 1)))


def word_shingles(comparable: str) -> Shingles:
    """Return hashes of the runs of three words."""
    words = comparable.split(" ")
    return _hashes(" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1)))


def _hashes(pieces: Iterable[str]) -> Shingles:
    return np.unique(np.fromiter((crc32(piece.encode()) for piece in pieces), np.uint32))


SHORT = Kind(0, 2_000, character_shingles)
LONG = Kind(1_000, 2**63, word_shingles)

"""The pieces of a text by which near-copies are found.

Short texts are compared by runs of four characters: one replaced word changes a few of them, whatever the language,
where it would change half of a tweet's runs of words. Long texts are compared by runs of three words: long texts of
one language share most of their runs of characters, whatever they say. Texts of middling length have both, so that of
any two texts whose lengths differ by less than half at least one kind is at hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

Shingles = npt.NDArray[np.uint32]

CHARACTERS = 4
WORDS = 3

# One odd number for each place in a run, so that the order of the units counts; a sum wraps around at 32 bits.
_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)


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
    return _runs(np.frombuffer(f" {comparable} ".encode("utf-32-le"), np.uint32), CHARACTERS)


def word_shingles(comparable: str) -> Shingles:
    """Return hashes of the runs of three words."""
    return _runs(np.array([crc32(word.encode()) for word in comparable.split(" ")], np.uint32), WORDS)


def _runs(units: Shingles, length: int) -> Shingles:
    """Distinct hashes of the runs of so many units; a text of fewer units is one run."""
    runs = np.lib.stride_tricks.sliding_window_view(units, min(length, len(units)))
    hashes: Shingles = (runs * _FACTORS[: runs.shape[1]]).sum(axis=1, dtype=np.uint32)
    return np.unique(hashes)


SHORT = Kind(0, 2_000, character_shingles)
LONG = Kind(1_000, 2**63, word_shingles)

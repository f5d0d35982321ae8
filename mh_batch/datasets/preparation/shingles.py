"""The pieces of a text by which near-copies are found.

Short texts are compared by runs of four characters: one replaced word changes a few of them, whatever the language,
where it would change half of a tweet's runs of words. Long texts are compared by runs of three words: long texts of
one language share most of their runs of characters, whatever they say. Texts of middling length have both, so that of
any two texts whose lengths differ by less than half at least one kind is at hand.
"""

from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

Shingles = npt.NDArray[np.uint32]

CHARACTERS = 4
WORDS = 3
LONG_FROM = 1_000
SHORT_TO = 2_000


def character_shingles(comparable: str) -> Shingles | None:
    """Return hashes of the runs of four characters; None for texts over `SHORT_TO` characters."""
    if len(comparable) > SHORT_TO:
        return None
    padded = f" {comparable} "
    return _hashes(padded[i : i + CHARACTERS] for i in range(max(1, len(padded) - CHARACTERS + 1)))


def word_shingles(comparable: str) -> Shingles | None:
    """Return hashes of the runs of three words; None for texts under `LONG_FROM` characters."""
    if len(comparable) < LONG_FROM:
        return None
    words = comparable.split(" ")
    return _hashes(" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1)))


KINDS = (character_shingles, word_shingles)


def _hashes(pieces: Iterable[str]) -> Shingles:
    return np.unique(np.fromiter((crc32(piece.encode()) for piece in pieces), np.uint32))


def shingled(texts: Sequence[str], kind: int) -> Iterator[tuple[int, Shingles]]:
    """Yield place and shingles of each comparable text that has shingles of the kind (an index into `KINDS`)."""
    for place, text in enumerate(texts):
        shingles = KINDS[kind](text)
        if shingles is not None:
            yield place, shingles

"""Sequences of token ids as two arrays, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mh_batch.inference.error_types import Failure

Integers = NDArray[np.int64]
Ids = NDArray[np.int32]

_LARGEST_ID = np.iinfo(np.int32).max


@dataclass(frozen=True)
class TokenSequences:
    """Token ids of texts or windows laid end to end, as Arrow lays out lists.

    Attributes:
        ids: Ids of all sequences (int32).
        offsets: Where each sequence begins in `ids`, and where the last one ends.
    """

    ids: Ids
    offsets: Integers

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> TokenSequences:
        """Lay sequences end to end; an id too large for any model becomes the largest there is."""
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        offsets = offsets_of(lengths)
        ids = np.fromiter(chain.from_iterable(sequences), np.int64, int(offsets[-1]))
        return cls(np.minimum(ids, _LARGEST_ID).astype(np.int32), offsets)

    @classmethod
    def joined(cls, parts: Sequence[TokenSequences]) -> TokenSequences:
        """Lay all sequences of several parts end to end."""
        if len(parts) == 1:
            return parts[0]
        lengths = np.concatenate([np.zeros(0, np.int64), *(part.lengths for part in parts)])
        ids = np.concatenate([np.zeros(0, np.int32), *(part.ids[part.offsets[0] : part.offsets[-1]] for part in parts)])
        return cls(ids, offsets_of(lengths))

    def __len__(self) -> int:
        """The number of sequences."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        """Tokens of each sequence."""
        return np.diff(self.offsets)

    @property
    def tokens(self) -> int:
        """Tokens of all sequences."""
        return int(self.offsets[-1] - self.offsets[0])

    def take(self, rows: Integers) -> TokenSequences:
        """Return copies of the sequences with these numbers, in their order."""
        lengths = self.lengths[rows]
        return TokenSequences(self.ids[ranges(self.offsets[rows], lengths)], offsets_of(lengths))


@dataclass(frozen=True)
class TokenizedTexts:
    """Texts as token ids, whole and without special tokens.

    Attributes:
        tokens: One sequence for each text; empty for those that could not be tokenised.
        failures: Why some texts could not be tokenised, by their number.
    """

    tokens: TokenSequences
    failures: Mapping[int, Failure] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Iterable[TokenizedTexts]) -> TokenizedTexts:
        """Put several parts one after another."""
        failures: dict[int, Failure] = {}
        parts, before = list(parts), 0
        for part in parts:
            failures |= {before + number: failure for number, failure in part.failures.items()}
            before += len(part)
        return cls(TokenSequences.joined([part.tokens for part in parts]), failures)

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.tokens)


def offsets_of(lengths: Integers) -> Integers:
    """Return where sequences of these lengths begin when they are laid end to end, and where the last one ends."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def ranges(starts: Integers, lengths: Integers) -> Integers:
    """Return the numbers from each start on, as many as its length says, one range after another."""
    offsets = offsets_of(lengths)
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)

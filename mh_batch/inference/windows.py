"""Long texts are read in overlapping windows, and the windows' probabilities fold back into one row a text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mh_batch.inference.token_sequences import Ids, Integers, TokenSequences, offsets_of, ranges
from mh_batch.models import ModelCard

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WindowIndex:
    """The places of the windows of texts, text by text.

    Attributes:
        text: Number of the text that each window is part of.
        start: Where it begins in the ids of all texts.
        length: Its tokens, without special tokens.
        per_text: How many windows each text has.
    """

    text: Integers
    start: Integers
    length: Integers
    per_text: Integers


@dataclass(frozen=True)
class WindowFrame:
    """The frame of what a model reads at once: room for tokens, and the special tokens around them.

    Attributes:
        size: Tokens of a window at most, without special tokens.
        overlap: Tokens that it shares with the window before, or more.
        prefix: Special tokens before it.
        suffix: Special tokens behind it.
    """

    size: int
    overlap: int
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would cut texts for ever."""
        if not 0 <= self.overlap < self.size:
            raise ValueError(f"windows of {self.size} tokens cannot share {self.overlap}")

    @property
    def n_special(self) -> int:
        """Special tokens around each window."""
        return len(self.prefix) + len(self.suffix)

    def cut(self, texts: TokenSequences) -> WindowIndex:
        """Cut texts into windows.

        The last window of a text is moved back until it is full, so that no window lacks context. Every token is in a
        window.
        """
        lengths, step = texts.lengths, self.size - self.overlap
        last = np.maximum(lengths - self.size, 0)
        per_text = 1 + -(-last // step)
        text = np.repeat(np.arange(len(texts)), per_text)
        number = ranges(np.zeros(len(texts), np.int64), per_text)
        start = texts.offsets[text] + np.minimum(number * step, last[text])
        return WindowIndex(text, start, np.minimum(lengths, self.size)[text], per_text)

    def enclosed(self, ids: Ids, start: Integers, length: Integers) -> TokenSequences:
        """Return windows between the special tokens that the model was trained with.

        Args:
            ids: Token ids of all texts.
            start: Where each window begins in them.
            length: Tokens of each window, without special tokens.
        """
        offsets = offsets_of(length + self.n_special)
        found = np.empty(offsets[-1], np.int32)
        found[ranges(offsets[:-1] + len(self.prefix), length)] = ids[ranges(start, length)]
        for place, token in enumerate(self.prefix):
            found[offsets[:-1] + place] = token
        for place, token in enumerate(self.suffix):
            found[offsets[1:] - len(self.suffix) + place] = token
        return TokenSequences(found, offsets)


def fold_windows(probabilities: Floats, per_text: Integers, card: ModelCard) -> Floats:
    """Fold the windows' probabilities into one row for each text (texts x labels, in the card's order).

    `mean` averages. `max` takes each label's highest probability where labels are independent; where they exclude each
    other it takes the row of the window that speaks least for the negative label, so that the row still sums to one.

    Args:
        probabilities: Windows x labels, text by text.
        per_text: Windows of each text, one at least.
        card: The model's card.
    """
    if len(probabilities) == len(per_text):
        return probabilities
    first = offsets_of(per_text)[:-1]
    if card.fold == "mean":
        sums: Floats = np.add.reduceat(probabilities, first)
        return sums / per_text[:, None]
    if card.task == "multi_label":
        highest: Floats = np.maximum.reduceat(probabilities, first)
        return highest
    if card.negative_label is None:
        raise ValueError(f"card '{card.name}' folds by max and names no negative_label")
    negative = probabilities[:, card.labels.index(card.negative_label)]
    least = np.minimum.reduceat(negative, first)
    # The first of a text's windows that is as low as its lowest.
    lowest = np.flatnonzero(negative == np.repeat(least, per_text))
    _, at = np.unique(np.repeat(np.arange(len(per_text)), per_text)[lowest], return_index=True)
    most_alarming: Floats = probabilities[lowest[at]]
    return most_alarming

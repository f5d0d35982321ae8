"""Long texts are read in overlapping windows, and the windows' probabilities fold back into one row."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mh_batch.models import ModelCard


def cut_windows(tokens: Sequence[int], size: int, overlap: int) -> list[Sequence[int]]:
    """Cut tokens into windows of at most `size` tokens, each sharing `overlap` or more with the one before.

    The last window is moved back until it is full, so that no window lacks context. Every token is in a window.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"windows of {size} tokens cannot share {overlap}")
    if len(tokens) <= size:
        return [tokens]
    last = len(tokens) - size
    starts = [*range(0, last, size - overlap), last]
    return [tokens[start : start + size] for start in starts]


def fold_windows(probabilities: NDArray[np.float64], card: ModelCard) -> NDArray[np.float64]:
    """Fold the windows' probabilities (windows x labels, in the card's order) into one per label.

    `mean` averages. `max` takes each label's highest probability where labels are independent; where they exclude each
    other it takes the row of the window that speaks least for the negative label, so that the row still sums to one.
    """
    if len(probabilities) == 1 or card.fold == "mean":
        folded: NDArray[np.float64] = probabilities.mean(axis=0)
        return folded
    if card.task == "multi_label":
        highest: NDArray[np.float64] = probabilities.max(axis=0)
        return highest
    if card.negative_label is None:
        raise ValueError(f"card '{card.name}' folds by max and names no negative_label")
    most_alarming: NDArray[np.float64] = probabilities[
        probabilities[:, card.labels.index(card.negative_label)].argmin()
    ]
    return most_alarming

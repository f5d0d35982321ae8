"""Batches under a token budget."""

from collections.abc import Iterator

import numpy as np

from mh_batch.inference.token_sequences import Integers


def token_budget_batches(lengths: Integers, budget: int, pads_to: int) -> Iterator[slice]:
    """Cut windows, longest first, into batches of at most `budget` tokens; a longer window stands alone.

    Longest first: if memory runs short, it does so at once, and windows of a batch are of about one length.

    Args:
        lengths: Tokens of the windows, falling.
        budget: Tokens of a batch at most, padding included.
        pads_to: As of `Engine.pads_to`.
    """
    if pads_to:
        padded = -(-lengths // pads_to) * pads_to
        most = np.maximum(budget // padded, 1)
    else:
        ends = np.cumsum(lengths)
        most = np.searchsorted(ends, ends - lengths + budget, side="right") - np.arange(len(lengths))
        most = np.maximum(most, 1)
    start = 0
    while start < len(lengths):
        end = min(start + int(most[start]), len(lengths))
        yield slice(start, end)
        start = end

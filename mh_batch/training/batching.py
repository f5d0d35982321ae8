"""Token rows as the models take them, and the noise that training puts on them."""

from collections.abc import Sequence

import torch
from torch import Tensor

BEGIN, PAD, END, UNKNOWN = range(4)


def padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token numbers and attention mask (rows by longest), padded on the right."""
    longest = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])
    return ids, (ids != PAD).long()


def masked(ids: Tensor, share: float, mask: int) -> Tensor:
    """A random share of the ordinary tokens replaced by the number `mask`."""
    hidden = (torch.rand(ids.shape) < share) & (ids > UNKNOWN)
    return ids.masked_fill(hidden, mask)


def shifted_positions(ids: Tensor, positions: int | None) -> Tensor:
    """Position numbers (1 by longest) that begin, every other time, at a random one of `positions`; None: at the first.

    So positions that only long texts reach are trained too. The first position is 2, as in RoBERTa.
    """
    room = 0 if positions is None else positions - ids.shape[1]
    shift = int(torch.randint(0, room + 1, ()).item()) if room > 0 and torch.rand(()) < 0.5 else 0
    return torch.arange(2 + shift, 2 + shift + ids.shape[1]).unsqueeze(0)

"""Windows of different lengths as one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor


def padded(windows: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids and a boolean mask of what is no padding (both windows x longest window)."""
    shape = len(windows), max(len(window) for window in windows)
    ids = torch.full(shape, pad_id, dtype=torch.long)
    valid = torch.zeros(shape, dtype=torch.bool)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = torch.tensor(window, dtype=torch.long)
        valid[row, : len(window)] = True
    return ids, valid

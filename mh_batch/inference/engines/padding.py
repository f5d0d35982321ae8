"""Windows of different lengths as one tensor."""

import torch
from torch import Tensor

from mh_batch.inference.token_sequences import TokenSequences


def padded(windows: TokenSequences, pad_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids and a boolean mask of what is no padding (both windows x longest window)."""
    lengths = torch.from_numpy(windows.lengths)
    valid = torch.arange(int(lengths.max())) < lengths[:, None]
    ids = torch.full(valid.shape, pad_id, dtype=torch.long)
    ids[valid] = torch.from_numpy(windows.ids).long()
    return ids, valid

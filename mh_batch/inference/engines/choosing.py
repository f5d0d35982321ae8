"""Which way of attending fits a device."""

from __future__ import annotations

import logging
from functools import cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mh_batch.inference.engines.packing import Layout, Pack
from mh_batch.inference.engines.stretches import stretched
from mh_batch.inference.engines.transfer import computing_on, upload_to
from mh_batch.inference.engines.varlen import is_supported, packed

Packing = Literal["varlen", "stretches"]

# On both sides of the kernel's tiles, and beyond the reach.
_LENGTHS = (1, 7, 64, 65, 300)
_REACH, _HEADS = 32, 2
# Values are drawn with a standard deviation of one: some roundings of a half.
_TOLERANCE = 0.05


def best_packing(device: torch.device, dtype: torch.dtype, head_width: int) -> Packing:
    """Return `varlen` where one call can attend for all windows of a pack, else `stretches`."""
    if not is_supported(device, dtype, head_width):
        return "stretches"
    if varlen_agrees(device, dtype, head_width):
        return "varlen"
    logging.getLogger(__name__).warning(
        "attention of packed sequences fails on %s (%s): attending by length, which is slower", device, dtype
    )
    return "stretches"


@cache
def varlen_agrees(device: torch.device, dtype: torch.dtype, head_width: int) -> bool:
    """Tell whether the kernel for packed sequences says on this device what plain attention says.

    Kernels differ by device, precision, width and version of PyTorch; a wrong score is worse than a slow one.
    """
    upload = upload_to(device)
    layout = Layout(np.array(_LENGTHS), 0)
    ids = np.zeros(sum(_LENGTHS), np.int32)
    draw = torch.Generator(device).manual_seed(0)
    drawn = torch.randn(len(ids), 3 * _HEADS * head_width, generator=draw, device=device).to(dtype)

    def mixed(pack: Pack) -> Tensor:
        ways = pack.attention.full(drawn, _HEADS), pack.attention.band(drawn, _HEADS, _REACH)
        # What the first tokens attend to is computed apart from the band.
        keep = torch.ones(len(ids), dtype=torch.bool, device=device).index_fill(0, pack.firsts, False)
        return torch.stack(ways)[:, keep].float()

    try:
        with computing_on(device):
            found, wanted = (mixed(pack(upload, ids, layout)) for pack in (packed, stretched))
    except (
        RuntimeError,
        TypeError,
        AttributeError,
    ):  # no such kernel here, or another one
        return False
    return bool(torch.allclose(found, wanted, atol=_TOLERANCE, rtol=0))

"""Longformer's local attention on windows of one length: a band, and the first token's column."""

from __future__ import annotations

from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional

# Queries that are computed together where the band matters: fewer waste less of the band's corners on masked scores,
# more keep the matrix products large.
_BLOCK = 128


def band_or_full_attention(query: Tensor, key: Tensor, value: Tensor, valid: Tensor, reach: int) -> Tensor:
    """`band_attention` of padded windows, in a graph: that takes any length, so it holds both ways."""
    # Branches must not share memory with one another.
    far, parts = partial(_band_attention_at_once, reach=reach), (query.clone(), key.clone(), value.clone())
    mixed: Tensor = torch.cond(query.shape[2] > reach + 1, far, _full_attention, (*parts, valid.clone()))
    return mixed


def band_attention(query: Tensor, key: Tensor, value: Tensor, reach: int) -> Tensor:
    """Attention of each token to those at most `reach` away and to the first (all: windows x heads x length x width).

    Block by block of queries, each with the keys that some query of the block may see: memory and work grow with the
    length, not with its square.
    """
    length = query.shape[2]
    if length <= reach + 1:
        return functional.scaled_dot_product_attention(query, key, value)
    blocks = []
    for start in range(0, length, _BLOCK):
        end = min(start + _BLOCK, length)
        low, high = max(0, start - reach), min(length, end + reach)
        mask = _band(end - start, high - low, start - low, reach, low > 0, query.dtype, query.device)
        keys, values = _seen(key, low, high), _seen(value, low, high)
        blocks.append(functional.scaled_dot_product_attention(query[:, :, start:end], keys, values, attn_mask=mask))
    return torch.cat(blocks, dim=2)


def _full_attention(query: Tensor, key: Tensor, value: Tensor, valid: Tensor) -> Tensor:
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=valid[:, None, None]).contiguous()


def _band_attention_at_once(query: Tensor, key: Tensor, value: Tensor, valid: Tensor, reach: int) -> Tensor:
    """All blocks side by side, without a loop whose length a graph would have to know; copies keys several times."""
    windows, heads, length, width = query.shape
    blocks = (length + _BLOCK - 1) // _BLOCK
    missing = blocks * _BLOCK - length
    begins = torch.arange(blocks, device=query.device)[:, None] * _BLOCK
    askers = begins + torch.arange(_BLOCK, device=query.device)
    padded_keys = begins + torch.arange(_BLOCK + 2 * reach, device=query.device)
    places = (padded_keys - reach)[:, None, :]
    near = ((askers[:, :, None] - places).abs() <= reach) & (places > 0)
    there = functional.pad(valid, (reach, reach + missing))[:, padded_keys]
    seen = functional.pad(near & there[:, None, :, None], (1, 0), value=True)

    def spread(states: Tensor) -> Tensor:
        first = states[:, :, :1, None].expand(-1, -1, blocks, -1, -1)
        others = functional.pad(states, (0, 0, reach, reach + missing))[:, :, padded_keys]
        return torch.cat([first, others], dim=3)

    asking = functional.pad(query, (0, 0, 0, missing)).reshape(windows, heads, blocks, _BLOCK, width)
    scores = asking @ spread(key).transpose(-1, -2) * width**-0.5
    mixed = torch.softmax(scores.masked_fill(~seen, float("-inf")), dim=-1) @ spread(value)
    # Chosen by index, not cut: so the graph knows that the length is that of the queries.
    asked = torch.arange(length, device=query.device)
    return mixed.reshape(windows, heads, blocks * _BLOCK, width).index_select(2, asked)


def _seen(states: Tensor, low: int, high: int) -> Tensor:
    """The states from `low` to `high`, with the first token's before them if it is not among them."""
    near = states[:, :, low:high]
    return near if low == 0 else torch.cat([states[:, :, :1], near], dim=2)


# Inside a window blocks are alike: a few masks serve all of them, and only those of the last blocks differ by length.
@lru_cache(maxsize=32)
def _band(
    queries: int, keys: int, offset: int, reach: int, first_apart: bool, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """What is added to the scores (queries x keys): 0 where a query sees a key, else minus infinity.

    Query number i stands at key number i + offset. The first token is key 0, or stands apart before all keys.
    """
    distance = torch.arange(queries)[:, None] + offset - torch.arange(keys)
    seen = distance.abs() <= reach
    if first_apart:
        seen = functional.pad(seen, (1, 0))
    seen[:, 0] = True
    return torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, float("-inf")).to(device)

"""Exact attention in any precision and on any device: one call for all windows of one length.

Longformer's local attention is a band, and the first token's column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.inference.engines.layers import FirstTokenAttention, by_head
from mh_batch.inference.engines.packing import Attention, Layout, Pack
from mh_batch.inference.engines.transfer import Upload
from mh_batch.inference.token_sequences import Ids

# From queries, keys and values (windows x heads x length x width) and what of them is no padding (windows x length;
# None: all) to mixed values.
Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]

# Queries that are computed together where the band matters: fewer waste less of the band's corners on masked scores,
# more keep the matrix products large.
_BLOCK = 128


@dataclass(frozen=True)
class Stretch:
    """Neighbouring windows of one length inside packed tokens: a plain rectangle, so attention needs no mask.

    Only in graphs that others feed may windows be padded: `valid` (windows x length) then masks it.
    """

    start: int
    windows: int
    length: int
    valid: Tensor | None = None

    def of(self, states: Tensor) -> Tensor:
        """Its part of packed ids (tokens) or states (tokens x width), as windows x length (x width); a view."""
        end = self.start + self.windows * self.length
        return states[self.start : end].view(self.windows, self.length, *states.shape[1:])


@dataclass(frozen=True)
class StretchAttention(Attention):
    """Attention stretch by stretch.

    Attributes:
        stretches: Where each stretch lies in the packed tokens.
        filling: Tokens behind the last window that belong to none.
    """

    stretches: Sequence[Stretch]
    filling: int = 0

    def places(self, counted: Tensor) -> Tensor:
        """Count as `Attention.places` says."""
        return self._filled([stretch.of(counted).cumsum(dim=1).flatten() for stretch in self.stretches])

    def full(self, projected: Tensor, heads: int) -> Tensor:
        """Mix values as `Attention.full` says."""
        return self._each_token(projected, heads, _attention_of_all)

    def band(self, projected: Tensor, heads: int, reach: int) -> Tensor:
        """Mix values as `Attention.band` says.

        Args:
            projected: Queries, keys and values side by side (tokens x 3 width).
            heads: Attention heads.
            reach: How far tokens may be that a token attends to.
        """

        def attend(query: Tensor, key: Tensor, value: Tensor, valid: Tensor | None) -> Tensor:
            if valid is None:
                return band_attention(query, key, value, reach)
            return band_or_full_attention(query, key, value, valid, reach)

        return self._each_token(projected, heads, attend)

    def first(self, states: Tensor, attention: FirstTokenAttention) -> Tensor:
        """Mix values as `Attention.first` says."""
        return torch.cat([attention(stretch.of(states), stretch.valid) for stretch in self.stretches])

    def _each_token(self, projected: Tensor, heads: int, attend: Attend) -> Tensor:
        parts = []
        for stretch in self.stretches:
            query, key, value = (by_head(part, heads) for part in stretch.of(projected).chunk(3, dim=-1))
            parts.append(attend(query, key, value, stretch.valid).transpose(1, 2).flatten(2).flatten(0, 1))
        return self._filled(parts)

    def _filled(self, parts: list[Tensor]) -> Tensor:
        if self.filling:
            parts.append(parts[0].new_zeros(self.filling, *parts[0].shape[1:]))
        return torch.cat(parts)


def _attention_of_all(query: Tensor, key: Tensor, value: Tensor, valid: Tensor | None) -> Tensor:
    seen = None if valid is None else valid[:, None, None]
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)


def stretched(upload: Upload, ids: Ids, layout: Layout) -> Pack:
    """A pack of windows whose tokens attend stretch by stretch.

    Args:
        upload: The way to the device.
        ids: Token ids of all windows, filled up.
        layout: Where the windows lie in them.
    """
    there, firsts = upload((ids, layout.firsts))
    return Pack(there, firsts.long(), StretchAttention(tuple(_stretches(layout)), layout.filling))


def _stretches(layout: Layout) -> Iterator[Stretch]:
    lengths, firsts = layout.lengths, layout.firsts
    begins = np.append(0, np.flatnonzero(np.diff(lengths)) + 1).tolist()
    for begin, end in zip(begins, [*begins[1:], len(lengths)], strict=True):
        yield Stretch(int(firsts[begin]), end - begin, int(lengths[begin]))


def rectangle(ids: Tensor, valid: Tensor) -> Pack:
    """Windows padded on the right to one length, and what of them is no padding (windows x length); traceable."""
    windows, length = ids.shape
    firsts = torch.arange(windows, device=ids.device) * length
    return Pack(ids.flatten(), firsts, StretchAttention((Stretch(0, windows, length, valid),)))


def band_or_full_attention(query: Tensor, key: Tensor, value: Tensor, valid: Tensor, reach: int) -> Tensor:
    """`band_attention` of padded windows, in a graph: that takes any length, so it holds both ways.

    Args:
        query: Queries (windows x heads x length x width of a head).
        key: Keys, likewise.
        value: Values, likewise.
        valid: What of the windows is no padding (windows x length).
        reach: How far tokens may be that a token attends to.
    """
    # Branches must not share memory with one another.
    far, parts = partial(_band_attention_at_once, reach=reach), (query.clone(), key.clone(), value.clone())
    mixed: Tensor = torch.cond(query.shape[2] > reach + 1, far, _masked_attention, (*parts, valid.clone()))
    return mixed


def band_attention(query: Tensor, key: Tensor, value: Tensor, reach: int) -> Tensor:
    """Attention of each token to those at most `reach` away and to the first.

    Block by block of queries, each with the keys that some query of the block may see: memory and work grow with the
    length, not with its square.

    Args:
        query: Queries (windows x heads x length x width of a head).
        key: Keys, likewise.
        value: Values, likewise.
        reach: How far tokens may be that a token attends to.
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


def _masked_attention(query: Tensor, key: Tensor, value: Tensor, valid: Tensor) -> Tensor:
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
    """The mask that is added to the scores (queries x keys): 0 where a query sees a key, else minus infinity.

    Query number i stands at key number i + offset. The first token is key 0, or stands apart before all keys.
    """
    distance = torch.arange(queries)[:, None] + offset - torch.arange(keys)
    seen = distance.abs() <= reach
    if first_apart:
        seen = functional.pad(seen, (1, 0))
    seen[:, 0] = True
    return torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, float("-inf")).to(device)

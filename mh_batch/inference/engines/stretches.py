"""Exact attention in any precision and on any device: one call for all windows of one length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.inference.engines.band import band_attention, band_or_full_attention
from mh_batch.inference.engines.layers import FirstTokenAttention, by_head
from mh_batch.inference.engines.packing import Attention, Layout, Pack
from mh_batch.inference.engines.transfer import Upload
from mh_batch.inference.token_sequences import Ids

# From queries, keys and values (windows x heads x length x width) and what of them is no padding (windows x length;
# None: all) to mixed values.
Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class Stretch:
    """Neighbouring windows of one length inside packed tokens: a plain rectangle, so attention needs no mask.

    Only in graphs that others feed may windows be padded: `valid` (windows x length) then tells what is none.
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
        """See `Attention`."""
        return self._filled([stretch.of(counted).cumsum(dim=1).flatten() for stretch in self.stretches])

    def full(self, projected: Tensor, heads: int) -> Tensor:
        """See `Attention`."""
        return self._each_token(projected, heads, _full_attention)

    def band(self, projected: Tensor, heads: int, reach: int) -> Tensor:
        """See `Attention`."""

        def attend(query: Tensor, key: Tensor, value: Tensor, valid: Tensor | None) -> Tensor:
            if valid is None:
                return band_attention(query, key, value, reach)
            return band_or_full_attention(query, key, value, valid, reach)

        return self._each_token(projected, heads, attend)

    def first(self, states: Tensor, attention: FirstTokenAttention) -> Tensor:
        """See `Attention`."""
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


def _full_attention(query: Tensor, key: Tensor, value: Tensor, valid: Tensor | None) -> Tensor:
    seen = None if valid is None else valid[:, None, None]
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)


def stretched(upload: Upload, ids: Ids, layout: Layout) -> Pack:
    """A pack of windows whose tokens attend stretch by stretch."""
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

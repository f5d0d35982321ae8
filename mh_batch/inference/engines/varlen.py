"""Attention of packed windows on a GPU: one kernel call for all of them, whatever their lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mh_batch.inference.engines import fused
from mh_batch.inference.engines.layers import FirstTokenAttention
from mh_batch.inference.engines.packing import Attention, Layout, Pack
from mh_batch.inference.engines.transfer import Upload
from mh_batch.inference.token_sequences import Ids, Integers, offsets_of, ranges

# What the flash attention kernels of PyTorch take.
_MOST_HEAD_WIDTH = 256
_HEAD_WIDTH_STEP = 8
_LEAST_CAPABILITY = (8, 0)

# States that a first token attends to are read in blocks of one of these sizes; what each costs on top of its tokens.
_BLOCKS = (16, 32, 64, 128, 256)
_COST_OF_BLOCK = 32


def is_supported(device: torch.device, dtype: torch.dtype, head_width: int) -> bool:
    """Return whether PyTorch has a kernel for packed sequences.

    Args:
        device: Where to compute.
        dtype: What to compute in.
        head_width: Width of an attention head.
    """
    return (
        device.type == "cuda"
        and dtype in (torch.bfloat16, torch.float16)
        and head_width % _HEAD_WIDTH_STEP == 0
        and head_width <= _MOST_HEAD_WIDTH
        and torch.cuda.get_device_capability(device) >= _LEAST_CAPABILITY
        and _kernels() is not None
    )


def _kernels() -> Any:  # noqa: ANN401 - a module, which PyTorch has from 2.10 on
    try:
        from torch.nn.attention import varlen
    except ImportError:
        return None
    return varlen


@dataclass(frozen=True)
class VarlenAttention(Attention):
    """Attention of a whole pack at once.

    Attributes:
        offsets: Where each window begins among the tokens, and where the last one ends (int32); what fills up the pack
            counts as a window of its own.
        window: Number of the window that each token is part of.
        longest: Tokens of the longest window.
        windows: Windows without what fills up the pack.
        blocks: How windows are read by their first tokens.
    """

    offsets: Tensor
    window: Tensor
    longest: int
    windows: int
    blocks: Blocks

    def places(self, counted: Tensor) -> Tensor:
        """Count as `Attention.places` says."""
        up_to = counted.cumsum(dim=0)
        before = (up_to - counted.to(up_to.dtype))[self.offsets[:-1]]
        # What fills up the pack may be longer than any window, and must not reach beyond the table of positions.
        return (up_to - before[self.window]) * (self.window < self.windows)

    def full(self, projected: Tensor, heads: int) -> Tensor:
        """Mix values as `Attention.full` says."""
        query, key, value = _by_head(projected, heads)
        mixed: Tensor = self._attended(query, key, value).flatten(1)
        return mixed

    def band(self, projected: Tensor, heads: int, reach: int) -> Tensor:
        """Mix values as `Attention.band` says.

        Args:
            projected: Queries, keys and values side by side (tokens x 3 width).
            heads: Attention heads.
            reach: How far tokens may be that a token attends to.
        """
        if self.longest <= reach + 1:
            return self.full(projected, heads)
        query, key, value = _by_head(projected, heads)
        request = _kernels().AuxRequest(lse=True)
        mixed, log_sums = self._attended(query, key, value, window_size=(reach, reach), return_aux=request)
        # The kernel's band ends before the first token where it is further away: there its key is merged.
        firsts = self.offsets[:-1]
        near = fused.NearAttention(query, mixed, log_sums, reach)
        return fused.merge_first_token(near, key[firsts], value[firsts], self.offsets, self.window).flatten(1)

    def first(self, states: Tensor, attention: FirstTokenAttention) -> Tensor:
        """Mix values as `Attention.first` says."""
        questions = attention.questions(states[self.offsets[: self.windows]])
        return attention.answers(self.blocks.mixed(questions, states))

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Any:  # noqa: ANN401 - as PyTorch
        return _kernels().varlen_attn(
            query, key, value, self.offsets, self.offsets, self.longest, self.longest, **options
        )


@dataclass(frozen=True)
class Blocks:
    """Windows cut into blocks of as many tokens each, so that one call reads all of them, whatever their lengths.

    Attributes:
        tokens: Places of the tokens of each block (blocks x size); behind the end of a window its first one again.
        valid: Which of them are tokens of the window.
        window: Number of the window that each block is part of.
        per_window: Blocks of each window.
    """

    tokens: Tensor
    valid: Tensor
    window: Tensor
    per_window: Tensor

    def mixed(self, questions: Tensor, states: Tensor) -> Tensor:
        """Mix the states of each window (windows x heads x width) by what its heads ask (windows x heads x width)."""
        tokens = states[self.tokens]
        scores = fused.wide(questions[self.window] @ tokens.transpose(1, 2))
        scores = scores.masked_fill(~self.valid[:, None], float("-inf"))
        highest = self._over_windows(scores.amax(dim=2), "max")
        shares = torch.exp(scores - highest[self.window][:, :, None])
        shares = shares / self._over_windows(shares.sum(dim=2), "sum")[self.window][:, :, None]
        parts = fused.wide(shares.to(states.dtype) @ tokens)
        return self._over_windows(parts.flatten(1), "sum").view(questions.shape).to(states.dtype)

    def _over_windows(self, values: Tensor, reduce: str) -> Tensor:
        """Reduce the values of the blocks of each window (blocks x columns to windows x columns)."""
        # Unlike sums by atomic additions, these come out the same each time.
        return torch.segment_reduce(values, reduce, lengths=self.per_window, axis=0, unsafe=True)


def packed(upload: Upload, ids: Ids, layout: Layout) -> Pack:
    """A pack of windows whose tokens attend in one call.

    Args:
        upload: The way to the device.
        ids: Token ids of all windows, filled up.
        layout: Where the windows lie in them.
    """
    lengths = np.append(layout.lengths, layout.filling) if layout.filling else layout.lengths
    size = _block_size(layout.lengths)
    per_window = -(-layout.lengths // size)
    block_window = np.repeat(np.arange(len(layout.lengths)), per_window)
    begins = layout.firsts[block_window] + size * ranges(np.zeros_like(per_window), per_window)
    ends = (layout.firsts + layout.lengths)[block_window]
    there, offsets, numbers, of_each, window, first, end, counts = upload(
        (ids, offsets_of(lengths), np.arange(len(lengths)), lengths, block_window, begins, ends, per_window)
    )
    tokens = first[:, None] + torch.arange(size, device=first.device, dtype=first.dtype)
    valid = tokens < end[:, None]
    blocks = Blocks(torch.where(valid, tokens, first[:, None]), valid, window, counts.long())
    of_token = torch.repeat_interleave(numbers, of_each, output_size=len(ids))
    attention = VarlenAttention(offsets, of_token, int(lengths.max()), len(layout.lengths), blocks)
    return Pack(there, offsets[: len(layout.lengths)].long(), attention)


def _block_size(lengths: Integers) -> int:
    """The size of blocks that reads windows of these lengths with the least waste."""
    return min(_BLOCKS, key=lambda size: int((-(-lengths // size)).sum()) * (size + _COST_OF_BLOCK))


def _by_head(projected: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Split tokens x 3 width into queries, keys and values (tokens x heads x width of a head); views."""
    query, key, value = projected.view(len(projected), 3, heads, -1).unbind(1)
    return query, key, value

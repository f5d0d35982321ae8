"""Windows laid end to end, without padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# Large packs are filled up to a multiple of this many tokens. Batches of a few sizes, instead of a little less than the
# budget each, let the allocator give out the same blocks again; its heap grows by the hour otherwise.
_FILL = 256
_LARGE = 8 * _FILL

# From states (windows x length x width), and what of them is no padding (windows x length; None: all).
Attend = Callable[[Tensor, Tensor | None], Tensor]


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
class Pack:
    """Windows sorted by length.

    Attributes:
        ids: Token ids of all windows.
        stretches: Where each stretch lies in the packed tokens.
        firsts: Places of the windows' first tokens in the packed tokens.
        filling: Tokens behind the last window that belong to none.
    """

    ids: Tensor
    stretches: list[Stretch]
    firsts: Tensor
    filling: int = 0

    def each_token(self, states: Tensor, attend: Attend) -> Tensor:
        """What `attend` makes of every stretch (windows x length x width), packed again."""
        parts = [attend(stretch.of(states), stretch.valid).flatten(0, 1) for stretch in self.stretches]
        if self.filling:
            parts.append(parts[0].new_zeros(self.filling, parts[0].shape[1]))
        return torch.cat(parts)

    def each_window(self, states: Tensor, attend: Attend) -> Tensor:
        """What `attend` makes of every stretch (windows x width), one row per window."""
        return torch.cat([attend(stretch.of(states), stretch.valid) for stretch in self.stretches])


def pack(windows: Sequence[Sequence[int]], device: torch.device) -> tuple[Pack, list[int]]:
    """Sort windows by length and lay them end to end; return also where in the batch each of them was."""
    order = by_length(windows)
    stretches: list[Stretch] = []
    start = 0
    for rows in of_one_length(order, windows):
        stretches.append(Stretch(start, len(rows), len(windows[rows[0]])))
        start += stretches[-1].windows * stretches[-1].length
    filling = -start % _FILL if start >= _LARGE else 0
    ids = torch.tensor([*(token for row in order for token in windows[row]), *[0] * filling], dtype=torch.long)
    firsts = torch.cat([stretch.start + torch.arange(stretch.windows) * stretch.length for stretch in stretches])
    return Pack(ids.to(device), stretches, firsts.to(device), filling), order


def rectangle(ids: Tensor, valid: Tensor) -> Pack:
    """Windows padded on the right to one length, and what of them is no padding (windows x length); traceable."""
    windows, length = ids.shape
    firsts = torch.arange(windows, device=ids.device) * length
    return Pack(ids.flatten(), [Stretch(0, windows, length, valid)], firsts)


def by_length(windows: Sequence[Sequence[int]]) -> list[int]:
    """Row numbers of windows, shortest first."""
    return sorted(range(len(windows)), key=lambda row: len(windows[row]))


def of_one_length(order: Sequence[int], windows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Cut row numbers, ordered by the length of their windows, where the length changes."""
    rows: list[int] = []
    for row in order:
        if rows and len(windows[row]) != len(windows[rows[0]]):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows

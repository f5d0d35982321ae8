"""Windows laid end to end, without padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Stretch:
    """Neighbouring windows of one length inside packed tokens: a plain rectangle, so attention needs no mask."""

    start: int
    windows: int
    length: int

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
    """

    ids: Tensor
    stretches: list[Stretch]
    firsts: Tensor

    def each(self, states: Tensor, attend: Callable[[Tensor], Tensor]) -> Tensor:
        """`attend` on every stretch of the states, the results packed again."""
        return torch.cat([attend(stretch.of(states)).flatten(0, -2) for stretch in self.stretches])


def pack(windows: Sequence[Sequence[int]], device: torch.device) -> tuple[Pack, list[int]]:
    """Sort windows by length and lay them end to end; return also where in the batch each of them was."""
    order = by_length(windows)
    stretches: list[Stretch] = []
    start = 0
    for rows in of_one_length(order, windows):
        stretches.append(Stretch(start, len(rows), len(windows[rows[0]])))
        start += stretches[-1].windows * stretches[-1].length
    ids = torch.tensor([token for row in order for token in windows[row]], dtype=torch.long)
    firsts = torch.cat([stretch.start + torch.arange(stretch.windows) * stretch.length for stretch in stretches])
    return Pack(ids.to(device), stretches, firsts.to(device)), order


def rectangle(ids: Tensor) -> Pack:
    """Windows that have one length already (windows x length); traceable."""
    windows, length = ids.shape
    firsts = torch.arange(windows, device=ids.device) * length
    return Pack(ids.flatten(), [Stretch(0, windows, length)], firsts)


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

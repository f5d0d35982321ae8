"""Windows laid end to end, without padding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mh_batch.inference.engines.layers import FirstTokenAttention
from mh_batch.inference.token_sequences import Ids, Integers, TokenSequences

# Large packs are filled up to a multiple of this many tokens. Batches of a few sizes, instead of a little less than the
# budget each, let the allocator give out the same blocks again; its heap grows by the hour otherwise.
_FILL = 256
_LARGE = 8 * _FILL


class Attention(ABC):
    """Attention among the tokens of one pack, of each to those of its own window."""

    @abstractmethod
    def places(self, counted: Tensor) -> Tensor:
        """Return how many of a window's `counted` tokens (boolean) there are up to each token, and with it."""

    @abstractmethod
    def full(self, projected: Tensor, heads: int) -> Tensor:
        """Mix values (tokens x width) where each token attends to all.

        Args:
            projected: Queries, keys and values side by side (tokens x 3 width).
            heads: Attention heads.
        """

    @abstractmethod
    def band(self, projected: Tensor, heads: int, reach: int) -> Tensor:
        """Mix values where each token attends to those at most `reach` away and to the first, as `full` does.

        Args:
            projected: As of `full`.
            heads: Attention heads.
            reach: How far tokens may be that a token attends to.
        """

    @abstractmethod
    def first(self, states: Tensor, attention: FirstTokenAttention) -> Tensor:
        """Mix values (windows x width) where the first token of each window attends to all of its states."""


@dataclass(frozen=True)
class Pack:
    """Windows to compute together.

    Attributes:
        ids: Token ids of all windows.
        firsts: Places of the windows' first tokens among all tokens.
        attention: How its tokens attend.
    """

    ids: Tensor
    firsts: Tensor
    attention: Attention


@dataclass(frozen=True)
class Layout:
    """The places of windows that are packed shortest first, as numbers in main memory.

    Attributes:
        lengths: Tokens of each window, rising.
        filling: Tokens behind the last window that belong to none.
    """

    lengths: Integers
    filling: int

    @property
    def firsts(self) -> Integers:
        """Places of the windows' first tokens."""
        return np.cumsum(self.lengths) - self.lengths


def by_length(windows: TokenSequences) -> tuple[TokenSequences, Integers]:
    """Sort windows, shortest first; return also where among the given ones each of them was."""
    order = np.argsort(windows.lengths, kind="stable")
    return windows.take(order), order


def laid_out(windows: TokenSequences) -> tuple[Ids, Layout]:
    """Return the ids of sorted windows, filled up, and where the windows lie in them."""
    filling = -windows.tokens % _FILL if windows.tokens >= _LARGE else 0
    return np.concatenate([windows.ids, np.zeros(filling, np.int32)]), Layout(windows.lengths, filling)

"""The engine: token ids in, logits out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mh_batch.inference.token_sequences import TokenSequences

Logits = NDArray[np.float64]


class Computation(Protocol):
    """A batch that a device may still be computing."""

    def result(self) -> Logits:
        """Wait for the logits (windows x outputs) and return them."""
        ...


@dataclass(frozen=True)
class Computed:
    """A batch that has been computed already."""

    logits: Logits

    def result(self) -> Logits:
        """Return the logits."""
        return self.logits


class Engine(ABC):
    """Runs a checkpoint.

    Attributes:
        pads_to: Windows of a batch are padded to the longest of them, rounded up to a multiple of this; 0: not at all.
        in_flight: Batches that are worth submitting before the first one's result is asked for.
    """

    pads_to = 1
    in_flight = 1

    @abstractmethod
    def submit(self, windows: TokenSequences) -> Computation:
        """Begin to compute the logits (windows x outputs, in the checkpoint's order) of windows with their specials."""

    def logits(self, windows: TokenSequences) -> Logits:
        """Compute the logits and wait for them."""
        return self.submit(windows).result()

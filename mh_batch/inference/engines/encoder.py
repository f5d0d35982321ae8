"""Runs an encoder of the RoBERTa family over packed windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mh_batch.inference.engines.layers import AfterAttention, Embeddings, FirstTokenAttention, Head
from mh_batch.inference.engines.packing import Pack, pack


class Layer(Protocol):
    """One layer of an encoder: new states (tokens x width) from packed states."""

    def __call__(self, states: Tensor, packed: Pack) -> Tensor:
        """Attend and transform."""
        ...


class PackedEncoder:
    """Embeddings, layers, a last layer that is computed for the first token alone, and the head that reads it."""

    pads_to = 1

    def __init__(
        self,
        embeddings: Embeddings,
        layers: Sequence[Layer],
        last: tuple[FirstTokenAttention, AfterAttention],
        head: Head,
        device: torch.device,
    ) -> None:
        """Join the parts, all of which lie on `device`."""
        self._embeddings, self._layers, self._last, self._head = embeddings, layers, last, head
        self._device = device

    @torch.inference_mode()
    def logits(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return the logits (windows x outputs)."""
        packed, order = pack(windows, self._device)
        logits = np.empty((len(windows), len(self._head.output.bias)))
        logits[order] = self.packed_logits(packed).double().cpu().numpy()
        return logits

    def packed_logits(self, packed: Pack) -> Tensor:
        """The logits (windows x outputs) in the pack's order."""
        states = packed.each_token(packed.ids, self._embeddings)
        for layer in self._layers:
            states = layer(states, packed)
        attention, after = self._last
        return self._head(after(packed.each_window(states, attention), states[packed.firsts]))

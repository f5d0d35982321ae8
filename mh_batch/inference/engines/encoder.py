"""Runs an encoder of the RoBERTa family over packed windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mh_batch.inference.engines.layers import (
    AfterAttention,
    Config,
    Embeddings,
    FirstTokenAttention,
    Head,
    Weights,
    epsilon_of,
    heads_of,
    layer_name,
)
from mh_batch.inference.engines.packing import Pack, pack


class Layer(Protocol):
    """One layer of an encoder: new states (tokens x width) from packed states."""

    def __call__(self, states: Tensor, packed: Pack) -> Tensor:
        """Attend and transform."""
        ...


@dataclass(frozen=True)
class Family:
    """Architectures that differ in their layers alone.

    Attributes:
        prefix: What the names of all weights but the head's begin with.
        layer: Makes a layer of a number.
        first_token_suffix: Ends the names of the projections by which the first token attends.
    """

    prefix: str
    layer: Callable[[Weights, Config, int], Layer]
    first_token_suffix: str = ""


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

    @classmethod
    def of(cls, family: Family, weights: Weights, config: Config, device: torch.device) -> Self:
        """Build it from a checkpoint's weights on `device`; KeyError if one is missing."""
        weights = {name.removeprefix(family.prefix): value for name, value in weights.items()}
        last, epsilon = int(config["num_hidden_layers"]) - 1, epsilon_of(config)
        attention = f"{layer_name(last)}.attention.self"
        return cls(
            Embeddings.of(weights, epsilon, int(config.get("pad_token_id", 1))),
            [family.layer(weights, config, number) for number in range(last)],
            (
                FirstTokenAttention.of(weights, attention, heads_of(config), family.first_token_suffix),
                AfterAttention.of(weights, layer_name(last), epsilon),
            ),
            Head.of(weights),
            device,
        )

    @torch.inference_mode()
    def logits(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return the logits (windows x outputs); ValueError if a token id is beyond the vocabulary."""
        # Looked at here, because on a GPU it would end the process, not only this batch.
        if max(map(max, windows)) >= len(self._embeddings.words):
            raise ValueError("a token id is beyond the vocabulary")
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

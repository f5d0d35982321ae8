"""Runs an encoder of the RoBERTa family over packed windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from torch import Tensor

from mh_batch.inference.engines.base import Computation, Computed, Engine
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
from mh_batch.inference.engines.packing import Layout, Pack, by_length, laid_out
from mh_batch.inference.engines.transfer import GpuComputation, computing_on
from mh_batch.inference.token_sequences import Ids, TokenSequences

# From the ids of all windows and where each lies to a pack on the device.
Packer = Callable[[Ids, Layout], Pack]

# Enough that the device has work while the host reads one result and prepares the next batch.
_IN_FLIGHT_ON_GPU = 3


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


class PackedEncoder(Engine):
    """Embeddings, layers, a last layer that is computed for the first token alone, and the head that reads it."""

    pads_to = 0

    def __init__(
        self,
        embeddings: Embeddings,
        layers: Sequence[Layer],
        last: tuple[FirstTokenAttention, AfterAttention],
        head: Head,
        pack: Packer,
    ) -> None:
        """Join the parts.

        Args:
            embeddings: Of words and positions.
            layers: All layers but the last.
            last: The last layer's attention of the first token, and what follows it.
            head: The classifier.
            pack: Lays windows out where their weights are.
        """
        self._embeddings, self._layers, self._last, self._head = embeddings, layers, last, head
        self._pack = pack
        if head.output.bias.is_cuda:
            self.in_flight = _IN_FLIGHT_ON_GPU

    @classmethod
    def of(cls, family: Family, weights: Weights, config: Config, pack: Packer) -> Self:
        """Build it from a checkpoint's weights.

        Args:
            family: The checkpoint's family.
            weights: The weights, by their names in the checkpoint.
            config: The checkpoint's configuration.
            pack: Lays windows out where the weights are.

        Raises:
            KeyError: a weight is missing.
        """
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
            pack,
        )

    def submit(self, windows: TokenSequences) -> Computation:
        """Begin to compute the logits (windows x outputs); ValueError if a token id is beyond the vocabulary."""
        # Looked at here, because on a GPU it would end the process, not only this batch.
        if windows.ids.max() >= len(self._embeddings.words):
            raise ValueError("a token id is beyond the vocabulary")
        windows, order = by_length(windows)
        with computing_on(self._embeddings.words.device):
            logits = self.packed_logits(self._pack(*laid_out(windows)))
            if logits.is_cuda:
                return GpuComputation.of(logits, order)
            found = np.empty(logits.shape)
            found[order] = logits.double().numpy()
            return Computed(found)

    def packed_logits(self, packed: Pack) -> Tensor:
        """The logits (windows x outputs) in the pack's order."""
        states = self._embeddings(packed.ids, packed.attention.places)
        for layer in self._layers:
            states = layer(states, packed)
        attention, after = self._last
        return self._head(after(packed.attention.first(states, attention), states[packed.firsts]))

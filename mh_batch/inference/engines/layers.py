"""The parts that encoders of the RoBERTa family share, on packed states (tokens x width)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.inference.engines.fused import add_norm

Weights = Mapping[str, Tensor]
Config = Mapping[str, Any]


def heads_of(config: Config) -> int:
    """Return the attention heads of every layer."""
    return int(config["num_attention_heads"])


def epsilon_of(config: Config) -> float:
    """Return what layer normalisation adds to the variance."""
    return float(config.get("layer_norm_eps", 1e-12))


def layer_name(number: int) -> str:
    """Return what the names of a layer's weights begin with."""
    return f"encoder.layer.{number}"


@dataclass(frozen=True)
class Linear:
    """y = x Wᵀ + b."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, weights: Weights, name: str) -> Linear:
        """Take it from a checkpoint."""
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def __call__(self, states: Tensor) -> Tensor:
        """Apply it to the last dimension."""
        return functional.linear(states, self.weight, self.bias)


@dataclass(frozen=True)
class Norm:
    """Layer normalisation over the width."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    @classmethod
    def of(cls, weights: Weights, name: str, epsilon: float) -> Norm:
        """Take it from a checkpoint.

        Args:
            weights: The checkpoint's weights.
            name: What the names of its own begin with.
            epsilon: What it adds to the variance.
        """
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    def __call__(self, states: Tensor) -> Tensor:
        """Apply it to the last dimension."""
        return functional.layer_norm(states, self.weight.shape, self.weight, self.bias, self.epsilon)

    def of_sum(self, states: Tensor, residual: Tensor) -> Tensor:
        """Apply it to `states + residual`; `states` may be written to."""
        return add_norm(states, residual, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True)
class Embeddings:
    """Words, positions and the one token type, added and normalised."""

    words: Tensor
    positions: Tensor
    norm: Norm
    pad_id: int

    @classmethod
    def of(cls, weights: Weights, epsilon: float, pad_id: int) -> Embeddings:
        """Take them from a checkpoint.

        Args:
            weights: The checkpoint's weights.
            epsilon: What layer normalisation adds to the variance.
            pad_id: The padding token, behind whose position those of a text begin.
        """
        # Every token is of type 0, so its embedding can be added to that of the position once.
        positions = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        norm = Norm.of(weights, "embeddings.LayerNorm", epsilon)
        return cls(weights["embeddings.word_embeddings.weight"], positions, norm, pad_id)

    def __call__(self, ids: Tensor, places: Callable[[Tensor], Tensor]) -> Tensor:
        """States (tokens x width) of ids.

        Args:
            ids: Token ids of windows. Padding is known by its id; what its states are does not matter.
            places: Returns how many of a window's tokens that count there are up to each token.
        """
        # As in Hugging Face's: a padding token that stands literally in a text is read, but counts no position.
        counted = ids != self.pad_id
        positions = places(counted) * counted + self.pad_id
        return self.norm(self.words[ids] + self.positions[positions])


@dataclass(frozen=True)
class AfterAttention:
    """The part of a layer behind attention: output projection, feed-forward network, two residual norms."""

    attended: Linear
    attended_norm: Norm
    inner: Linear
    outer: Linear
    outer_norm: Norm

    @classmethod
    def of(cls, weights: Weights, name: str, epsilon: float) -> AfterAttention:
        """Take it from a checkpoint.

        Args:
            weights: The checkpoint's weights.
            name: What the names of the layer's weights begin with.
            epsilon: What layer normalisation adds to the variance.
        """
        return cls(
            Linear.of(weights, f"{name}.attention.output.dense"),
            Norm.of(weights, f"{name}.attention.output.LayerNorm", epsilon),
            Linear.of(weights, f"{name}.intermediate.dense"),
            Linear.of(weights, f"{name}.output.dense"),
            Norm.of(weights, f"{name}.output.LayerNorm", epsilon),
        )

    def __call__(self, mixed: Tensor, before: Tensor) -> Tensor:
        """New states from what attention mixed and the states before it."""
        attended = self.attended_norm.of_sum(self.attended(mixed), before)
        return self.outer_norm.of_sum(self.outer(functional.gelu(self.inner(attended))), attended)


@dataclass(frozen=True)
class FirstTokenAttention:
    """Attention of the first token alone to all tokens of its window.

    The projections of keys and values are moved to the one query: with scores = (q Wk) xᵀ and out = Wv (p x) + bv per
    head, no token but the first is projected. The keys' bias adds the same to all scores, which softmax ignores.
    """

    heads: int
    query: Linear
    key: Linear
    value: Linear

    @classmethod
    def of(cls, weights: Weights, name: str, heads: int, suffix: str = "") -> FirstTokenAttention:
        """Take it from a checkpoint.

        Args:
            weights: The checkpoint's weights.
            name: What the names of the attention's weights begin with.
            heads: Attention heads.
            suffix: Ends the names of its projections.
        """
        return cls(heads, *[Linear.of(weights, f"{name}.{part}{suffix}") for part in ("query", "key", "value")])

    def questions(self, firsts: Tensor) -> Tensor:
        """The queries put to all states (windows x heads x width) by the first tokens' states (windows x width)."""
        windows, width = firsts.shape
        query = self.query(firsts).view(windows, self.heads, -1)
        return torch.einsum("nhk,hkd->nhd", query * query.shape[2] ** -0.5, self.key.weight.view(self.heads, -1, width))

    def answers(self, mixed: Tensor) -> Tensor:
        """Mixed values (windows x width) from mixed states (windows x heads x width)."""
        weight = self.value.weight.view(self.heads, -1, mixed.shape[2])
        return torch.einsum("nhd,hkd->nhk", mixed, weight).flatten(1) + self.value.bias

    def __call__(self, states: Tensor, valid: Tensor | None = None) -> Tensor:
        """Mixed values of the first token (windows x width) of windows of one length (windows x length x width)."""
        scores = self.questions(states[:, 0]) @ states.transpose(1, 2)
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None], float("-inf"))
        return self.answers(torch.softmax(scores, dim=-1) @ states)


def by_head(states: Tensor, heads: int) -> Tensor:
    """Split windows x length x width into windows x heads x length x (width / heads); a view."""
    windows, length, _ = states.shape
    return states.view(windows, length, heads, -1).transpose(1, 2)


@dataclass(frozen=True)
class Head:
    """The classifier on the first token's state."""

    dense: Linear
    output: Linear

    @classmethod
    def of(cls, weights: Weights) -> Head:
        """Take it from a checkpoint."""
        return cls(Linear.of(weights, "classifier.dense"), Linear.of(weights, "classifier.out_proj"))

    def __call__(self, first: Tensor) -> Tensor:
        """Logits (windows x outputs)."""
        return self.output(torch.tanh(self.dense(first)))

"""RoBERTa and XLM-R sequence classifiers, computed exactly and without the transformers library.

The numbers are those of Hugging Face's implementation from the same weights (see tests/inference/test_engines.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.layers import (
    AfterAttention,
    Embeddings,
    FirstTokenAttention,
    Head,
    Linear,
    Weights,
    by_head,
)
from mh_batch.inference.engines.packing import Pack

MODEL_TYPES = frozenset({"roberta", "xlm-roberta"})


@dataclass(frozen=True)
class _Layer:
    heads: int
    projections: Linear
    after: AfterAttention

    @classmethod
    def of(cls, weights: Weights, name: str, heads: int, epsilon: float) -> _Layer:
        attention = f"{name}.attention.self"
        projections = Linear.of(weights, f"{attention}.projections")
        return cls(heads, projections, AfterAttention.of(weights, name, epsilon))

    def __call__(self, states: Tensor, packed: Pack) -> Tensor:
        return self.after(packed.each_token(self.projections(states), self._attend), states)

    def _attend(self, projected: Tensor) -> Tensor:
        query, key, value = (by_head(part, self.heads) for part in projected.chunk(3, dim=-1))
        return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def encoder(weights: Weights, config: Mapping[str, Any], device: torch.device) -> PackedEncoder:
    """Build the engine from a checkpoint's weights on `device`; KeyError if one is missing."""
    epsilon, heads = float(config.get("layer_norm_eps", 1e-12)), int(config["num_attention_heads"])
    weights = {name.removeprefix("roberta."): value for name, value in weights.items()}
    *layers, last = [f"encoder.layer.{number}" for number in range(int(config["num_hidden_layers"]))]
    return PackedEncoder(
        Embeddings.of(weights, epsilon, int(config.get("pad_token_id", 1))),
        [_Layer.of(weights, name, heads, epsilon) for name in layers],
        (
            FirstTokenAttention.of(weights, f"{last}.attention.self", heads),
            AfterAttention.of(weights, last, epsilon),
        ),
        Head.of(weights),
        device,
    )

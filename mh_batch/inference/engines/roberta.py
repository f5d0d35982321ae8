"""RoBERTa and XLM-R sequence classifiers, computed exactly and without the transformers library.

The numbers are those of Hugging Face's implementation from the same weights (see tests/inference/test_engines.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from mh_batch.inference.engines.encoder import Family
from mh_batch.inference.engines.layers import (
    AfterAttention,
    Config,
    Linear,
    Weights,
    by_head,
    epsilon_of,
    heads_of,
    layer_name,
)
from mh_batch.inference.engines.packing import Pack


@dataclass(frozen=True)
class _Layer:
    heads: int
    projections: Linear
    after: AfterAttention

    @classmethod
    def of(cls, weights: Weights, config: Config, number: int) -> _Layer:
        name = layer_name(number)
        projections = Linear.of(weights, f"{name}.attention.self.projections")
        return cls(heads_of(config), projections, AfterAttention.of(weights, name, epsilon_of(config)))

    def __call__(self, states: Tensor, packed: Pack) -> Tensor:
        return self.after(packed.each_token(self.projections(states), self._attend), states)

    def _attend(self, projected: Tensor, valid: Tensor | None) -> Tensor:
        query, key, value = (by_head(part, self.heads) for part in projected.chunk(3, dim=-1))
        seen = None if valid is None else valid[:, None, None]
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2)


FAMILY = Family("roberta.", _Layer.of)

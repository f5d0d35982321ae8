"""RoBERTa and XLM-R sequence classifiers, computed exactly and without the transformers library.

The numbers are those of Hugging Face's implementation from the same weights (see tests/inference/test_engines.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mh_batch.inference.engines.encoder import Family
from mh_batch.inference.engines.layers import AfterAttention, Config, Linear, Weights, epsilon_of, heads_of, layer_name
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
        return self.after(packed.attention.full(self.projections(states), self.heads), states)


FAMILY = Family("roberta.", _Layer.of)

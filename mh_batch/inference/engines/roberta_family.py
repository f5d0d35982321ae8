"""RoBERTa, XLM-R and Longformer sequence classifiers, computed exactly and without the transformers library.

The numbers are those of Hugging Face's implementations from the same weights (see `test_roberta_family.py`).

Longformer's local attention reaches half of `attention_window` to either side and the first token; the first token
alone has global attention. Hugging Face's implementation pads to the window and computes all rows of all layers.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mh_batch.inference.engines.encoder import Family
from mh_batch.inference.engines.layers import (
    AfterAttention,
    Config,
    FirstTokenAttention,
    Linear,
    Weights,
    epsilon_of,
    heads_of,
    layer_name,
)
from mh_batch.inference.engines.packing import Pack

_FIRST_TOKEN_SUFFIX = "_global"


@dataclass(frozen=True)
class _RobertaLayer:
    heads: int
    projections: Linear
    after: AfterAttention

    @classmethod
    def of(cls, weights: Weights, config: Config, number: int) -> _RobertaLayer:
        name = layer_name(number)
        projections = Linear.of(weights, f"{name}.attention.self.projections")
        return cls(heads_of(config), projections, AfterAttention.of(weights, name, epsilon_of(config)))

    def __call__(self, states: Tensor, packed: Pack) -> Tensor:
        return self.after(packed.attention.full(self.projections(states), self.heads), states)


ROBERTA = Family("roberta.", _RobertaLayer.of)


@dataclass(frozen=True)
class _LongformerLayer:
    heads: int
    reach: int
    projections: Linear
    first: FirstTokenAttention
    after: AfterAttention

    @classmethod
    def of(cls, weights: Weights, config: Config, number: int) -> _LongformerLayer:
        name, window = layer_name(number), config["attention_window"]
        attention = f"{name}.attention.self"
        return cls(
            heads_of(config),
            (window if isinstance(window, int) else window[number]) // 2,
            Linear.of(weights, f"{attention}.projections"),
            FirstTokenAttention.of(weights, attention, heads_of(config), _FIRST_TOKEN_SUFFIX),
            AfterAttention.of(weights, name, epsilon_of(config)),
        )

    def __call__(self, states: Tensor, packed: Pack) -> Tensor:
        mixed = packed.attention.band(self.projections(states), self.heads, self.reach)
        mixed[packed.firsts] = packed.attention.first(states, self.first)
        return self.after(mixed, states)


LONGFORMER = Family("longformer.", _LongformerLayer.of, _FIRST_TOKEN_SUFFIX)

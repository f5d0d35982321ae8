"""The first token's last state, which the classifiers read, computed cheaply for training on short texts.

The last layer is computed for that token alone, and Longformer's band without padding to its window. The numbers
are those of Hugging Face's implementation, from the same weights: the saved models run on that unchanged.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.training.untyped import HuggingFaceModel, ModelPart

Summarise = Callable[[ModelPart, Tensor, Tensor, Tensor], Tensor]


def summary_of(classifier: HuggingFaceModel) -> Summarise:
    """The way to the state that a classifier reads, by its architecture."""
    return longformer_summary if classifier.config.model_type == "longformer" else roberta_summary


def roberta_summary(roberta: ModelPart, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
    """XLM-R's state of the first token (rows by 1 by width)."""
    hidden: Tensor = roberta.embeddings(input_ids=ids, position_ids=positions.expand_as(ids))
    allowed = mask.bool()[:, None, None, :]
    *layers, last = roberta.encoder.layer
    for layer in layers:
        hidden = _after(layer, _full(layer.attention.self, hidden, hidden, allowed), hidden)
    first = hidden[:, :1]
    return _after(last, _full(last.attention.self, first, hidden, allowed), first)


def longformer_summary(longformer: ModelPart, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
    """Longformer's state of the first token (rows by 1 by width), the only one with global attention."""
    hidden: Tensor = longformer.embeddings(input_ids=ids, position_ids=positions.expand_as(ids))
    allowed = mask.bool()[:, None, None, :]
    *layers, last = longformer.encoder.layer
    for layer in layers:
        attention = layer.attention.self
        band = _band(hidden.shape[1], attention.one_sided_attn_window_size) & allowed
        local = _full(attention, hidden, hidden, band)
        mixed = torch.cat([_global(attention, hidden, allowed), local[:, 1:]], dim=1)
        hidden = _after(layer, mixed, hidden)
    return _after(last, _global(last.attention.self, hidden, allowed), hidden[:, :1])


def _full(attention: ModelPart, asking: Tensor, hidden: Tensor, allowed: Tensor) -> Tensor:
    parts = attention.query(asking), attention.key(hidden), attention.value(hidden)
    return _product(*parts, _head_count(attention), allowed)


def _global(attention: ModelPart, hidden: Tensor, allowed: Tensor) -> Tensor:
    parts = (
        attention.query_global(hidden[:, :1]),
        attention.key_global(hidden),
        attention.value_global(hidden),
    )
    return _product(*parts, _head_count(attention), allowed)


def _head_count(attention: ModelPart) -> int:
    count = getattr(attention, "num_heads", None) or attention.num_attention_heads
    return int(count)


def _product(query: Tensor, key: Tensor, value: Tensor, heads: int, allowed: Tensor) -> Tensor:
    query, key, value = (_split(part, heads) for part in (query, key, value))
    mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
    return mixed.transpose(1, 2).flatten(2)


def _split(projected: Tensor, heads: int) -> Tensor:
    rows, tokens, width = projected.shape
    return projected.view(rows, tokens, heads, width // heads).transpose(1, 2)


def _after(layer: ModelPart, mixed: Tensor, hidden: Tensor) -> Tensor:
    attended = layer.attention.output(mixed, hidden)
    out: Tensor = layer.output(layer.intermediate(attended), attended)
    return out


def _band(tokens: int, reach: int) -> Tensor:
    place = torch.arange(tokens)
    return ((place[:, None] - place[None, :]).abs() <= reach) | (place == 0)[None, :]

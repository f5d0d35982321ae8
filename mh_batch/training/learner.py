"""A classifier in training: what `Trainer` calls, with noise on its inputs and a projection to a teacher's states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mh_batch.training.classifiers import (
    InitialModel,
)
from mh_batch.training.data.encoded_dataset import UNKNOWN
from mh_batch.training.distillation.vocabulary import MASK, number_of
from mh_batch.training.training_recipe import Stage, TrainingRecipe
from mh_batch.training.untyped import HuggingFaceModel, ModelPart

_Summarise = Callable[[ModelPart, Tensor, Tensor, Tensor], Tensor]


def _masked(ids: Tensor, share: float, mask: int) -> Tensor:
    """A random share of the ordinary tokens replaced by the number `mask`."""
    hidden = (torch.rand(ids.shape) < share) & (ids > UNKNOWN)
    return ids.masked_fill(hidden, mask)


def _shifted_positions(ids: Tensor, positions: int | None) -> Tensor:
    """Position numbers (1 by longest) that begin, every other time, at a random one of `positions`; None: at the first.

    So positions that only long texts reach are trained too. The first position is 2, as in RoBERTa.
    """
    room = 0 if positions is None else positions - ids.shape[1]
    shift = int(torch.randint(0, room + 1, ()).item()) if room > 0 and torch.rand(()) < 0.5 else 0
    return torch.arange(2 + shift, 2 + shift + ids.shape[1]).unsqueeze(0)


def _summary_of(classifier: HuggingFaceModel) -> _Summarise:
    """The function that computes the state that a classifier reads, by its architecture."""
    return longformer_summary if classifier.config.model_type == "longformer" else roberta_summary


def roberta_summary(roberta: ModelPart, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
    """XLM-R's state of the first token (rows by 1 by width), the last layer computed for that token alone.

    The numbers are those of Hugging Face's implementation, from the same weights.

    Args:
        roberta: Hugging Face's encoder.
        ids: Token numbers (rows by longest).
        mask: 1 for tokens, 0 for padding.
        positions: Position numbers (1 by longest).
    """
    hidden: Tensor = roberta.embeddings(input_ids=ids, position_ids=positions.expand_as(ids))
    allowed = mask.bool()[:, None, None, :]
    *layers, last = roberta.encoder.layer
    for layer in layers:
        hidden = _after(layer, _full(layer.attention.self, hidden, hidden, allowed), hidden)
    first = hidden[:, :1]
    return _after(last, _full(last.attention.self, first, hidden, allowed), first)


def longformer_summary(longformer: ModelPart, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
    """Longformer's state of the first token (rows by 1 by width), the only one with global attention.

    The last layer is computed for that token alone, and the band without padding to its window. The numbers are those
    of Hugging Face's implementation, from the same weights.

    Args:
        longformer: Hugging Face's encoder.
        ids: Token numbers (rows by longest).
        mask: 1 for tokens, 0 for padding.
        positions: Position numbers (1 by longest).
    """
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


def _split(bridged: Tensor, heads: int) -> Tensor:
    rows, tokens, width = bridged.shape
    return bridged.view(rows, tokens, heads, width // heads).transpose(1, 2)


def _after(layer: ModelPart, mixed: Tensor, hidden: Tensor) -> Tensor:
    attended = layer.attention.output(mixed, hidden)
    out: Tensor = layer.output(layer.intermediate(attended), attended)
    return out


def _band(tokens: int, reach: int) -> Tensor:
    place = torch.arange(tokens)
    return ((place[:, None] - place[None, :]).abs() <= reach) | (place == 0)[None, :]


@dataclass(frozen=True)
class Noise:
    """Noise on token rows in training.

    Attributes:
        mask_share: Share of the ordinary tokens that are hidden.
        mask: Number of the token that hides them.
        positions: Over how many positions texts are moved; None leaves them where they are.
    """

    mask_share: float
    mask: int
    positions: int | None


class Learner(nn.Module):
    """A module that reads token rows; its logits are those of the classifier, which is what is kept of it."""

    def __init__(self, classifier: HuggingFaceModel, noise: Noise | None, teacher_width: int | None) -> None:
        """Take a sequence classifier.

        Args:
            classifier: Hugging Face's XLM-R or Longformer.
            noise: On what it reads, for new small models; they are computed for the first token alone. None runs
                Hugging Face's own forward pass, dropout and all.
            teacher_width: Width of the teacher's summaries, if they are followed.
        """
        super().__init__()
        self.classifier, self._noise = classifier, noise
        self.bridge = None if teacher_width is None else nn.Linear(classifier.config.hidden_size, teacher_width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (rows x labels), and the summary (rows x teacher's width) if a teacher's is followed."""
        if self._noise is None:
            logits: Tensor = self.classifier(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits, None
        positions = None
        if self.training:
            input_ids = _masked(input_ids, self._noise.mask_share, self._noise.mask)
            positions = self._noise.positions
        places = _shifted_positions(input_ids, positions)
        summary = _summary_of(self.classifier)(self.classifier.base_model, input_ids, attention_mask, places)
        bridged = None if self.bridge is None else self.bridge(summary[:, 0])
        return self.classifier.classifier(summary), bridged


def learner_of(initial: InitialModel, recipe: TrainingRecipe, stage: Stage, teacher_width: int | None) -> Learner:
    """A classifier as a stage trains it: new small models with noise, checkpoints by Hugging Face's own code.

    Args:
        initial: The classifier and its tokenizer.
        recipe: Says whether the model is new.
        stage: Says how much noise there is.
        teacher_width: Width of the teacher's summaries, if they are followed.
    """
    if isinstance(recipe.start, str):
        return Learner(initial.classifier, None, None)
    mask = number_of(initial.tokenizer.backend_tokenizer, MASK)
    noise = Noise(stage.augmentation.mask, mask, stage.augmentation.positions)
    return Learner(initial.classifier, noise, teacher_width)

"""What a training starts from: a pretrained checkpoint, or a new small model with a vocabulary of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from mh_batch.models import locate_folder
from mh_batch.training.learner import Learner, Noise
from mh_batch.training.prepared import PreparedData
from mh_batch.training.recipe import Stage, Student, TrainingRecipe
from mh_batch.training.students import configuration, inherited_embeddings, start_as_bag_of_words, start_embeddings
from mh_batch.training.teacher import Teacher
from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer
from mh_batch.training.vocabulary import MASK, byte_pairs, number_of, unigram


@dataclass(frozen=True)
class InitialModel:
    """A classifier and its tokenizer, as Hugging Face's classes hold them."""

    classifier: HuggingFaceModel
    tokenizer: HuggingFaceTokenizer


def from_checkpoint(name: str, data: PreparedData, models_dir: Path | None) -> InitialModel:
    """Start from a pretrained checkpoint, with a new head for the labels of `data`; ModelError if it cannot be had."""
    from transformers import AutoTokenizer

    folder = locate_folder(name, models_dir)
    return InitialModel(_with_new_head(folder, data), AutoTokenizer.from_pretrained(folder))


def from_stage(folder: Path, data: PreparedData) -> InitialModel:
    """Go on from what an earlier stage left, its head exchanged for a new one."""
    from transformers import AutoTokenizer

    return InitialModel(_with_new_head(folder, data), AutoTokenizer.from_pretrained(folder))


def _with_new_head(folder: Path, data: PreparedData) -> HuggingFaceModel:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.from_pretrained(folder, **_labels(data))
    classifier = AutoModelForSequenceClassification.from_pretrained(
        folder, config=config, use_safetensors=True, ignore_mismatched_sizes=True
    ).float()
    _renew(classifier.classifier, config.initializer_range)
    return classifier


def _renew(head: nn.Module, spread: float) -> None:
    """Draw a head anew, also one that has as many labels already: they mean something else."""
    for part in head.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=spread)
            nn.init.zeros_(part.bias)


def new_student(
    recipe: TrainingRecipe, shape: Student, data: PreparedData, texts: Sequence[str], teacher: Teacher | None
) -> InitialModel:
    """Make a small model: its vocabulary counted on `texts`, its word embeddings the teacher's if there is one."""
    from transformers import (
        LongformerConfig,
        LongformerForSequenceClassification,
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
    )

    longformer = shape.architecture == "longformer"
    tokenizer = (byte_pairs if longformer else unigram)(texts, shape.pieces)
    sizes: dict[str, Any] = {
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        **configuration(data.labels, tokenizer, recipe.tokens),
        **_labels(data),
    }
    if longformer:
        config = LongformerConfig(attention_window=[shape.window] * shape.layers, **sizes)
        classifier: HuggingFaceModel = LongformerForSequenceClassification(config)
    else:
        classifier = XLMRobertaForSequenceClassification(XLMRobertaConfig(**sizes))
    table = inherited_embeddings(tokenizer, teacher, shape.width, shape.embedding_scale)
    start_embeddings(classifier.base_model.embeddings, table)
    start_as_bag_of_words(classifier.base_model.encoder.layer)
    return InitialModel(classifier, fast(tokenizer, recipe.tokens))


def learner_of(beginning: InitialModel, recipe: TrainingRecipe, stage: Stage, teacher_width: int | None) -> Learner:
    """Seat a classifier for a stage. New small models read with noise; checkpoints by Hugging Face's own code."""
    if isinstance(recipe.start, str):
        return Learner(beginning.classifier, None, None)
    mask = number_of(beginning.tokenizer.backend_tokenizer, MASK)
    noise = Noise(stage.augmentation.mask, mask, stage.augmentation.positions)
    return Learner(beginning.classifier, noise, teacher_width)


def repeat_positions(classifier: HuggingFaceModel, learned: int) -> None:
    """Fill all positions with copies of the first `learned`, as the original Longformer did with RoBERTa's 512."""
    table = classifier.base_model.embeddings.position_embeddings.weight
    with torch.no_grad():
        block = table[2 : 2 + learned].clone()
        for start in range(2 + learned, len(table), learned):
            table[start : start + learned] = block[: len(table) - start]


def _labels(data: PreparedData) -> Mapping[str, Any]:
    return {
        "id2label": dict(enumerate(data.labels)),
        "label2id": {label: number for number, label in enumerate(data.labels)},
        "problem_type": "single_label_classification" if data.exclusive else "multi_label_classification",
    }


def fast(tokenizer: Tokenizer, tokens: int) -> HuggingFaceTokenizer:
    """A tokenizer as Hugging Face's classes load it, with the special tokens of RoBERTa."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers ships it without types
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token=MASK,
        model_max_length=tokens,
        padding_side="right",
        truncation_side="right",
        model_input_names=["input_ids", "attention_mask"],
    )

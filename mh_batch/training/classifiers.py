"""Sequence classifiers with their tokenizers: loaded from a checkpoint or an earlier stage, and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mh_batch.models import locate_folder
from mh_batch.training.data.prepared_splits import PreparedData
from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer


@dataclass(frozen=True)
class InitialModel:
    """A classifier and its tokenizer, as Hugging Face's classes hold them."""

    classifier: HuggingFaceModel
    tokenizer: HuggingFaceTokenizer


def from_checkpoint(name: str, data: PreparedData, models_dir: Path | None) -> InitialModel:
    """Load a pretrained checkpoint, with a new head for the labels of a data set.

    Args:
        name: On the hub, or a folder.
        data: Whose labels it gets.
        models_dir: Where checkpoints lie, if not on the hub.

    Raises:
        ModelError: it cannot be had.
    """
    from transformers import AutoTokenizer

    folder = locate_folder(name, models_dir)
    return InitialModel(_with_new_head(folder, data), AutoTokenizer.from_pretrained(folder))


def from_stage(folder: Path, data: PreparedData) -> InitialModel:
    """Load what an earlier stage left, its head exchanged for a new one."""
    from transformers import AutoTokenizer

    return InitialModel(_with_new_head(folder, data), AutoTokenizer.from_pretrained(folder))


def _with_new_head(folder: Path, data: PreparedData) -> HuggingFaceModel:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.from_pretrained(folder, **label_settings(data))
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


def repeat_positions(classifier: HuggingFaceModel, learned: int) -> None:
    """Fill all positions with copies of the first `learned`, as the original Longformer did with RoBERTa's 512."""
    table = classifier.base_model.embeddings.position_embeddings.weight
    with torch.no_grad():
        block = table[2 : 2 + learned].clone()
        for start in range(2 + learned, len(table), learned):
            table[start : start + learned] = block[: len(table) - start]


def label_settings(data: PreparedData) -> Mapping[str, Any]:
    """Settings of a Hugging Face configuration that follow from the labels."""
    return {
        "id2label": dict(enumerate(data.labels)),
        "label2id": {label: number for number, label in enumerate(data.labels)},
        "problem_type": "single_label_classification" if data.exclusive else "multi_label_classification",
    }


def save_classifier(classifier: HuggingFaceModel, tokenizer: HuggingFaceTokenizer, folder: Path) -> None:
    """Write safetensors, configuration and tokenizer, readable for all.

    Args:
        classifier: Hugging Face's sequence classifier.
        tokenizer: Its tokenizer.
        folder: Where they go; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _readable(folder)


def convert_to_half(folder: Path) -> None:
    """Save the weights of a model folder again, in half precision."""
    from transformers import AutoModelForSequenceClassification

    classifier = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float16)
    classifier.save_pretrained(folder)
    _readable(folder)


def _readable(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o644)  # the weights are written for their owner only

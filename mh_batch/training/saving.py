"""Model folders as Hugging Face's classes read them."""

from pathlib import Path

import torch

from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer


def save_classifier(classifier: HuggingFaceModel, tokenizer: HuggingFaceTokenizer, folder: Path) -> None:
    """Write safetensors, configuration and tokenizer, readable for all."""
    folder.mkdir(parents=True, exist_ok=True)
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _readable(folder)


def halve(folder: Path) -> None:
    """Save the weights of a model folder again, in half precision."""
    from transformers import AutoModelForSequenceClassification

    classifier = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float16)
    classifier.save_pretrained(folder)
    _readable(folder)


def _readable(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o644)  # the weights are written for their owner only

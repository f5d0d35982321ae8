"""Model folders as the package ships them: written, and read back as their users read them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer


def save_classifier(classifier: HuggingFaceModel, tokenizer: HuggingFaceTokenizer, folder: Path) -> None:
    """Write safetensors, configuration and tokenizer, readable for all."""
    folder.mkdir(parents=True)
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # the weights are written for their owner only


def folder_logits(folder: Path, texts: Sequence[str], batch_tokens: int = 4096) -> npt.NDArray[np.float64]:
    """Logits (texts by labels) by Hugging Face's own classes from a saved folder, in fp32, longest text first."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    rows = tokenizer(list(texts), truncation=True)["input_ids"]
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
    logits, done = np.zeros((len(rows), model.config.num_labels)), 0
    while done < len(order):
        chosen = order[done : done + max(1, batch_tokens // len(rows[order[done]]))]
        batch = tokenizer.pad({"input_ids": [rows[row] for row in chosen]}, return_tensors="pt")
        with torch.inference_mode():
            logits[chosen] = model(**batch).logits.numpy()
        done += len(chosen)
    return logits

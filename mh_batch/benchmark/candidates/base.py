"""The specification that all candidates are given, and Hugging Face's model in plain use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Probabilities = list[list[float]]
ScoreTexts = Callable[[Sequence[str]], Probabilities]

# Objects of libraries that are typed loosely, or not installed here.
Library = Any
Numbers = Any

BATCH_ROWS = 32


@dataclass(frozen=True)
class Spec:
    """A specification that all candidates are given.

    Attributes:
        folder: Checkpoint with tokenizer.
        texts: File with a text as a JSON string on each line.
        max_tokens: Longest input of the checkpoint.
        multi_label: Independent sigmoids instead of a softmax.
        threads: Threads to compute with; of Spark and Ray, tasks side by side.
        half: Name of the half precision that the machine computes fast, or "fp32".
        device: "cpu" or "cuda".
    """

    folder: str
    texts: str
    max_tokens: int
    multi_label: bool
    threads: int
    half: str
    device: str


def tokenizer_of(spec: Spec) -> Library:
    """The checkpoint's tokenizer, as Hugging Face loads it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(spec.folder)


def load_hugging_face(spec: Spec, dtype: Library) -> tuple[Library, Library]:
    """The checkpoint's tokenizer and model, as Hugging Face loads them, on the device."""
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers' own function is not typed
    model = AutoModelForSequenceClassification.from_pretrained(spec.folder, dtype=dtype)
    return tokenizer_of(spec), model.to(spec.device).eval()


def torch_dtype(name: str) -> Library:
    """The type of PyTorch that a precision stands for."""
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name, torch.float32)


def padded_logits(tokenizer: Library, model: Library, texts: list[str], spec: Spec) -> Numbers:
    """Logits of one batch of texts, padded to its longest.

    Args:
        tokenizer: Hugging Face's.
        model: Hugging Face's.
        texts: The batch.
        spec: Says how long the longest input is.
    """
    import torch

    inputs = tokenizer(texts, padding=True, truncation=True, max_length=spec.max_tokens, return_tensors="pt")
    with torch.no_grad():
        return model(**inputs.to(spec.device)).logits.float().cpu().numpy()


def as_probabilities(logits: Sequence[Sequence[float]], spec: Spec) -> Probabilities:
    """Probabilities of logits, by softmax or independent sigmoids."""
    import numpy as np

    values = np.asarray(logits, dtype=np.float64)
    if spec.multi_label:
        found: Probabilities = (1 / (1 + np.exp(-values))).tolist()
        return found
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    found = (shares / shares.sum(axis=1, keepdims=True)).tolist()
    return found


def write_documents_file(texts: Sequence[str], folder: Path, language: str = "en") -> Path:
    """Write texts as a corpus; return the file.

    Args:
        texts: In the order of their identifiers.
        folder: For the file.
        language: Of all of them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = [f"{number:09}" for number in range(len(texts))]
    columns = {"doc_id": ids, "text": list(texts), "language": [language] * len(texts)}
    pq.write_table(pa.table(columns), folder / "texts.parquet")
    return folder / "texts.parquet"

"""What the teacher says about texts: its logits and its summary of each text."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mh_batch.training.progress import Progress
from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer

Matrix = npt.NDArray[np.float32]
Read = Callable[[dict[str, Tensor]], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Lesson:
    """Per text: `logits` (n by labels) and `summary` (n by width), a state that sums the text up."""

    logits: Matrix
    summary: Matrix


class Teacher:
    """A pretrained XLM-R sequence classifier in a local folder, computing in fp32."""

    def __init__(self, folder: Path) -> None:
        """Load tokenizer and weights."""
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.tokenizer: HuggingFaceTokenizer = AutoTokenizer.from_pretrained(folder)
        self.model: HuggingFaceModel = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
        self.model.eval()

    @property
    def word_embeddings(self) -> Tensor:
        """Its embedding table (pieces by width)."""
        table: Tensor = self.model.get_input_embeddings().weight.detach()
        return table

    def judge(self, texts: Sequence[str], tokens: int) -> Lesson:
        """Its logits, and the last state of the first token, for texts cut at `tokens` tokens."""

        def read(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            states = self.model.base_model(**batch).last_hidden_state
            return self.model.classifier(states), states[:, 0]

        return self._over(texts, tokens, read)

    def _over(self, texts: Sequence[str], tokens: int, read: Read, batch_tokens: int = 2048) -> Lesson:
        encoded = self.tokenizer(list(texts), truncation=True, max_length=tokens)["input_ids"]
        order = sorted(range(len(encoded)), key=lambda row: -len(encoded[row]))
        found: list[tuple[Tensor, Tensor]] = []
        progress, done = Progress("teacher", len(order)), 0
        while done < len(order):
            rows = order[done : done + max(1, batch_tokens // len(encoded[order[done]]))]
            batch = self.tokenizer.pad({"input_ids": [encoded[row] for row in rows]}, return_tensors="pt")
            with torch.inference_mode():
                found.append(read(dict(batch)))
            done += len(rows)
            progress.show(done)
        logits, summary = (torch.cat(part).numpy() for part in zip(*found, strict=True))
        back = np.argsort(order)
        return Lesson(logits[back], summary[back])


def remembered(folder: Path | None, what: str, texts: Sequence[str], ask: Callable[[], Lesson]) -> Lesson:
    """`ask()`, or its earlier answer about the same texts from `folder` (None: never remember)."""
    if folder is None:
        return ask()
    digest = hashlib.sha256("\0".join([what, *texts]).encode()).hexdigest()[:16]
    file = folder / f"{what}-{digest}.npz"
    if not file.exists():
        lesson = ask()
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file, logits=lesson.logits, summary=lesson.summary)
    with np.load(file) as kept:
        return Lesson(kept["logits"], kept["summary"])

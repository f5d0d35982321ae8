"""What the teacher says about texts: its logits, its summary and its states."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mh_batch.common.progress import Progress
from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer

Matrix = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[np.floating]]
Read = Callable[[dict[str, Tensor]], tuple[Tensor, ...]]

# Of the embeddings and the layers' outputs: those that are read for the states, from the middle to the last.
_DEPTHS = (-9, -6, -3, -1)


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
        self._folder = folder

    @cached_property
    def digest(self) -> str:
        """Eight hexadecimal digits that differ for teachers that differ."""
        total = hashlib.sha256()
        for file in sorted(self._folder.glob("*.safetensors")):
            total.update(file.read_bytes())
        return total.hexdigest()[:8]

    @property
    def labels(self) -> int:
        """How many labels it tells apart."""
        return int(self.model.config.num_labels)

    @property
    def word_embeddings(self) -> Tensor:
        """Its embedding table (pieces by width)."""
        table: Tensor = self.model.get_input_embeddings().weight.detach()
        return table

    def cuts(self, texts: Sequence[str], tokens: int) -> npt.NDArray[np.bool_]:
        """Which texts it reads only the beginning of, if it reads so many tokens."""
        return np.array([len(row) > tokens for row in self.tokenizer(list(texts))["input_ids"]])

    def judge(self, texts: Sequence[str], tokens: int) -> Lesson:
        """Its logits, and the last state of the first token, for texts cut at `tokens` tokens."""

        def read(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            states = self.model.base_model(**batch).last_hidden_state
            return self.model.classifier(states), states[:, 0]

        logits, summary = self._over(texts, tokens, read)
        return Lesson(logits, summary)

    def states(self, texts: Sequence[str], tokens: int) -> Matrix:
        """The mean states of each text at four depths, side by side (n by 4 times the width)."""

        def read(batch: dict[str, Tensor]) -> tuple[Tensor, ...]:
            hidden = self.model.base_model(**batch, output_hidden_states=True).hidden_states
            there = batch["attention_mask"].unsqueeze(-1)
            return (
                torch.cat(
                    [(hidden[max(depth, -len(hidden))] * there).sum(1) / there.sum(1) for depth in _DEPTHS], dim=1
                ),
            )

        (found,) = self._over(texts, tokens, read)
        return found

    def _over(self, texts: Sequence[str], tokens: int, read: Read, batch_tokens: int = 2048) -> list[Matrix]:
        encoded = self.tokenizer(list(texts), truncation=True, max_length=tokens)["input_ids"]
        order = sorted(range(len(encoded)), key=lambda row: -len(encoded[row]))
        found: list[tuple[Tensor, ...]] = []
        progress, done = Progress("teacher", len(order), "texts"), 0
        while done < len(order):
            rows = order[done : done + max(1, batch_tokens // len(encoded[order[done]]))]
            batch = self.tokenizer.pad({"input_ids": [encoded[row] for row in rows]}, return_tensors="pt")
            with torch.inference_mode():
                found.append(read(dict(batch)))
            done += len(rows)
            progress.update(done)
        back = np.argsort(order)
        return [torch.cat(part).numpy()[back] for part in zip(*found, strict=True)]

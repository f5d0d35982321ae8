"""A teacher's logits, summaries and states of texts, and the folder that caches them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mh_batch.common.progress import Progress
from mh_batch.training.data.encoded_dataset import Matrix
from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer

Arrays = Mapping[str, npt.NDArray[np.floating]]
_Read = Callable[[dict[str, Tensor]], tuple[Tensor, ...]]

# Of the embeddings and the layers' outputs: those that are read for the states, from the middle to the last.
_DEPTHS = (-9, -6, -3, -1)

_TEXTS = "texts"


@dataclass(frozen=True)
class TeacherOutput:
    """Logits (n by labels) and summaries (n by width) of n texts; a summary is a state that sums a text up."""

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
        """Number of its labels."""
        return int(self.model.config.num_labels)

    @property
    def word_embeddings(self) -> Tensor:
        """Its embedding table (pieces by width)."""
        table: Tensor = self.model.get_input_embeddings().weight.detach()
        return table

    def truncates(self, texts: Sequence[str], tokens: int) -> npt.NDArray[np.bool_]:
        """Flags of the texts that are cut if it reads so many tokens."""
        return np.array([len(row) > tokens for row in self.tokenizer(list(texts))["input_ids"]])

    def predict(self, texts: Sequence[str], tokens: int) -> TeacherOutput:
        """Its logits, and the last state of the first token, for texts cut at `tokens` tokens."""

        def read(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            states = self.model.base_model(**batch).last_hidden_state
            return self.model.classifier(states), states[:, 0]

        logits, summary = self._over(texts, tokens, read)
        return TeacherOutput(logits, summary)

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

    def _over(self, texts: Sequence[str], tokens: int, read: _Read, batch_tokens: int = 2048) -> list[Matrix]:
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


def cached_predictions(folder: Path, what: str, texts: Sequence[str], ask: Callable[[Sequence[str]], Arrays]) -> Arrays:
    """Return what `ask` says of each text, in half precision; it is asked about those that `folder` holds nothing of.

    Args:
        folder: Keeps one file for each `what`, with a hash for each text.
        what: Names the question, and whatever its answers depend on.
        texts: What to ask about.
        ask: Gives arrays by name, each with a row for every text.
    """
    file, digests = folder / f"{what}.npz", [_digest(text) for text in texts]
    known = _read(file)
    seen = set(known.get(_TEXTS, ()))
    new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in seen}
    if new:
        known = _joined(known, {_TEXTS: np.array(list(new)), **ask(list(new.values()))})
        _write(file, known)
    rows = {digest: row for row, digest in enumerate(known[_TEXTS])}
    chosen = [rows[digest] for digest in digests]
    return {name: values[chosen] for name, values in known.items() if name != _TEXTS}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def _read(file: Path) -> Arrays:
    if not file.exists():
        return {}
    with np.load(file) as kept:
        return dict(kept)


def _joined(known: Arrays, new: Arrays) -> Arrays:
    fresh = {name: values if name == _TEXTS else values.astype(np.float16) for name, values in new.items()}
    return {name: np.concatenate([known[name], values]) if known else values for name, values in fresh.items()}


def _write(file: Path, arrays: Arrays) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{os.getpid()}-{file.name}")  # processes that share a training ask the same
    np.savez(draft, allow_pickle=False, **arrays)
    draft.rename(file)

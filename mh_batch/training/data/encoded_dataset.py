"""Token rows with their targets, and how they become batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from mh_batch.training.untyped import HuggingFaceTokenizer

Matrix = npt.NDArray[np.float32]

BEGIN, PAD, END, UNKNOWN = range(4)

TARGETS = "targets"


class LengthBucketedSampler(Sampler[int]):
    """Row numbers such that a batch holds texts of about the same length, and batches come in random order.

    Hugging Face's own sampler leads from long to short texts again and again. Where length goes with the source, and
    the source with the labels, as with posts and comments, a new model that is led so may learn next to nothing:
    the small Longformer's macro-F1 was 0.34 instead of 0.78.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int, epoch: Callable[[], int]) -> None:
        """Take the rows' lengths. The order depends on the seed and on `epoch()`, and on nothing else.

        Args:
            lengths: Tokens of each row.
            batch: Rows of a batch.
            seed: Of the order.
            epoch: Gives the number of the epoch that begins.
        """
        self._lengths, self._batch, self._seed, self._epoch = lengths, batch, seed, epoch

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        """The rows of the epoch that begins."""
        draw = random.Random(f"{self._seed} {self._epoch()}")
        rows = draw.sample(range(len(self)), len(self))
        # Rows of a batch that is not full come last, or they would shift the bounds of all that follow.
        full = len(rows) // self._batch * self._batch
        order = sorted(rows[:full], key=lambda row: self._lengths[row] * draw.uniform(0.85, 1.15))
        batches = [order[start : start + self._batch] for start in range(0, full, self._batch)]
        draw.shuffle(batches)
        return iter([row for batch in [*batches, rows[full:]] for row in batch])


def pad_rows(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token numbers and attention mask (rows by longest), padded on the right."""
    longest = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])
    return ids, (ids != PAD).long()


@dataclass(frozen=True)
class EncodedDataset(Dataset[dict[str, object]]):
    """Rows to learn from, or to be measured on.

    Attributes:
        tokens: Token numbers of each row, with special tokens.
        targets: Arrays of one row for each: `targets` (labels; NaN: unknown), and of a teacher `answers` (its logits)
            and `summaries`.
    """

    tokens: Sequence[Sequence[int]]
    targets: Mapping[str, Matrix] = field(repr=False)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.tokens)

    def __getitem__(self, row: int) -> dict[str, object]:
        """One row; its tokens have the name by which `Trainer` groups rows of about the same length."""
        return {"input_ids": self.tokens[row], **{name: array[row] for name, array in self.targets.items()}}


def collate(rows: Sequence[Mapping[str, object]]) -> dict[str, Tensor]:
    """One batch of rows: padded tokens, their mask, and everything else stacked."""
    ids, mask = pad_rows([row["input_ids"] for row in rows])  # type: ignore[misc]  # what EncodedDataset put there
    others = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0] if name != "input_ids"}  # type: ignore[misc]
    return {"input_ids": ids, "attention_mask": mask, **others}


def encode_texts(tokenizer: HuggingFaceTokenizer, texts: Sequence[str], longest: int) -> list[list[int]]:
    """Token numbers of each text with special tokens.

    Args:
        tokenizer: Hugging Face's.
        texts: To encode.
        longest: Tokens that texts are cut at.
    """
    rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return rows

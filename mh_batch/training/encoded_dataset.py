"""Token rows with what is wanted of them, and how they become batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mh_batch.training.batching import padded
from mh_batch.training.teacher import Matrix

TARGETS = "targets"


@dataclass(frozen=True)
class EncodedDataset(Dataset[dict[str, object]]):
    """Rows to learn from, or to be measured on.

    Attributes:
        tokens: Token numbers of each row, with special tokens.
        wanted: Arrays of one row for each: `targets` (labels; NaN: unknown), and of a teacher `answers` (its logits)
            and `summaries`.
    """

    tokens: Sequence[Sequence[int]]
    wanted: Mapping[str, Matrix] = field(repr=False)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.tokens)

    def __getitem__(self, row: int) -> dict[str, object]:
        """One row; its tokens have the name by which `Trainer` groups rows of about the same length."""
        return {"input_ids": self.tokens[row], **{name: array[row] for name, array in self.wanted.items()}}


def collate(rows: Sequence[Mapping[str, object]]) -> dict[str, Tensor]:
    """One batch of rows: padded tokens, their mask, and everything else stacked."""
    ids, mask = padded([row["input_ids"] for row in rows])  # type: ignore[misc]  # what EncodedDataset put there
    others = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0] if name != "input_ids"}  # type: ignore[misc]
    return {"input_ids": ids, "attention_mask": mask, **others}

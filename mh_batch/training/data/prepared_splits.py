"""Prepared data sets, as `mh-batch prepare` writes them, and which of their rows are for training."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.datasets.text_features import comparable
from mh_batch.errors import UsageError
from mh_batch.training.training_recipe import Stage

Split = Literal["train", "validation", "test"]
Targets = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PreparedData:
    """A prepared data set.

    Attributes:
        name: Of the recipe that it was prepared by.
        folder: Holds `card.json` and a Parquet file for each split.
        labels: In the order of the model's outputs.
        exclusive: Whether each text has exactly one of them.
    """

    name: str
    folder: Path
    labels: tuple[str, ...]
    exclusive: bool

    def rows(self, split: Split) -> pd.DataFrame:
        """The rows of a split, in the columns of the contract `prepared`."""
        return pd.read_parquet(self.folder / f"{split}.parquet")

    def targets(self, rows: pd.DataFrame) -> Targets:
        """Targets of rows (rows x labels): 1, 0, or NaN where it is unknown."""
        if self.exclusive:
            return np.stack([rows["label"].to_numpy() == label for label in self.labels], axis=1).astype(np.float32)
        return rows[[f"label_{label}" for label in self.labels]].to_numpy(dtype=np.float32, na_value=np.nan)


def open_prepared(folder: Path) -> PreparedData:
    """Open a prepared data set; UsageError if the folder holds none."""
    path = folder / "card.json"
    if not path.is_file():
        raise UsageError(f"{folder} holds no prepared data set (no card.json): make one with `mh-batch prepare`")
    recipe = json.loads(path.read_text(encoding="utf-8"))["recipe"]
    return PreparedData(recipe["name"], folder, tuple(recipe["labels"]), recipe["task"] == "single_label")


def training_rows(data: PreparedData, stage: Stage, held_out: frozenset[str]) -> pd.DataFrame:
    """The prepared rows that a stage learns from, without texts that any stage is measured on.

    Args:
        data: The stage's data set.
        stage: Says which splits it learns from.
        held_out: Comparable forms of the texts that any stage is measured on.
    """
    rows = pd.concat([data.rows(split) for split in stage.learns_from])
    return rows[[comparable(text) not in held_out for text in rows["text"]]]


def held_out_texts(sets: Iterable[tuple[PreparedData, Stage]]) -> frozenset[str]:
    """Comparable forms of the texts that models are measured on: of the splits that a stage does not learn from."""
    held: list[tuple[PreparedData, Split]] = [
        (data, split) for data, stage in sets for split in ("validation", "test") if split not in stage.learns_from
    ]
    return frozenset(comparable(text) for data, split in held for text in data.rows(split)["text"])

"""Prepared data sets, as `mh-batch prepare` writes them, for training."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.errors import UsageError

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
        """What rows show (rows x labels): 1, 0, or NaN where it is unknown."""
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

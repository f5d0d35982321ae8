"""A prepared data set: its files, and a summary of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.contracts import load_contract
from mh_batch.datasets.preparation.data_card import Card
from mh_batch.datasets.preparation.preparation_recipe import PreparationRecipe
from mh_batch.errors import UsageError

CARD = "card.json"
README = "README.md"
REJECTED = "rejected.parquet"


def check_free(output: Path, overwrite: bool) -> None:
    """Raise UsageError unless the place is free, or holds a data set that may be replaced."""
    if not output.exists():
        return
    if not overwrite:
        raise UsageError(f"{output} is there already: name another folder, or say --overwrite")
    if not (output / CARD).is_file():
        raise UsageError(f"{output} holds no prepared data set, so --overwrite leaves it alone: name another folder")


def write_splits(folder: Path, rows: pd.DataFrame, recipe: PreparationRecipe, splits: tuple[str, ...]) -> None:
    """Write a Parquet file for each split, in the columns and types of the contract, sorted by id.

    Args:
        folder: Where the files go.
        rows: All rows, with their `split`.
        recipe: Gives the labels.
        splits: The names of the splits.
    """
    schema = load_contract("prepared").for_labels(recipe.labels).arrow_schema()
    for name in splits:
        own = rows[rows["split"] == name].sort_values("doc_id")
        pq.write_table(_table(own, schema), folder / f"{name}.parquet")


def write_left_out(folder: Path, left_out: pd.DataFrame) -> None:
    """Write what is recorded of the rows that are in no split."""
    ordered = left_out.sort_values(["doc_id", "reason"])
    pq.write_table(_table(ordered, load_contract("left_out").arrow_schema()), folder / REJECTED)


def _table(rows: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.table([pa.array(rows[field.name], field.type, from_pandas=True) for field in schema], schema=schema)


def write_data_card(folder: Path, card: Mapping[str, Any], readme: str) -> None:
    """Write the data card for machines and for people.

    Args:
        folder: Where it goes.
        card: For machines.
        readme: For people, in Markdown.
    """
    (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / README).write_text(readme, encoding="utf-8")


@dataclass(frozen=True)
class Prepared:
    """A published data set."""

    folder: Path
    card: Card

    def summary(self) -> str:
        """Counts, what was left out, and where the data set lies, in lines."""
        rows, conflicts, leaks = self.card["rows"], self.card["conflicts"], self.card["leaks"]
        lines = [
            f"{self.card['name']}: {rows['read']:,} rows read, {rows['used']:,} used",
            f"  {_counts(self.card['splits'])}",
            f"  left out: {_counts(self.card['left_out'])}",
            f"  labels in conflict: {_counts(conflicts)}",
            f"  in two splits: {_counts({name: leaks[name] for name in ('copies', 'near_copies', 'authors')})}",
            f"  data card: {self.folder / README}",
        ]
        return "\n".join(lines)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items()) or "none"

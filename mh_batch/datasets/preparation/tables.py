"""The tables of a data card: how rows are spread over splits and values."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mh_batch.datasets.lengths import LENGTH_BANDS
from mh_batch.datasets.preparation.integration import label_columns
from mh_batch.datasets.preparation.splitting import SPLITS

Table = list[dict[str, Any]]


def distributions(rows: pd.DataFrame, labels: Sequence[str], one_label: bool) -> Mapping[str, Table]:
    """Return a table per dimension that has values: rows per value in each split, and the value's share of all rows."""
    tables = {"language": _table(rows["language"], rows["split"])}
    if one_label:
        tables["label"] = _table(rows["label"], rows["split"], labels)
    else:
        tables |= {f"label {label}": _claims(rows, label) for label in labels}
    if rows["category"].notna().any():
        tables["category"] = _table(rows["category"].fillna("(none)"), rows["split"])
    tables["length in words"] = _table(rows["length_band"], rows["split"], LENGTH_BANDS)
    tables["source"] = _table(rows["source"], rows["split"])
    return tables


def _claims(rows: pd.DataFrame, label: str) -> Table:
    said = rows[label_columns([label])[0]].map({1.0: "yes", 0.0: "no"}).fillna("unknown")
    return _table(said, rows["split"], ("yes", "no", "unknown"))


def _table(values: pd.Series, split: pd.Series, order: Sequence[str] | None = None) -> Table:
    """Values in the order given, else most frequent first."""
    counts = values.value_counts()
    ordered = sorted(counts.index, key=lambda value: (-counts[value], value))
    if order is not None:
        ordered = [value for value in order if value in counts.index]
    crossed = pd.crosstab(values, split)
    return [_row(value, crossed.loc[value], len(values)) for value in ordered]


def _row(value: str, by_split: pd.Series, total: int) -> dict[str, Any]:
    counts = {name: int(by_split.get(name, 0)) for name in SPLITS}
    rows = sum(counts.values())
    return {"value": value, **counts, "rows": rows, "percent": round(100 * rows / total, 2)}

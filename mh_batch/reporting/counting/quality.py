"""The table `quality`: what was read, scored and rejected, in which languages and windows."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, functions as F

from mh_batch.contracts import load_contract
from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.report_tables import rounded

_Row = tuple[str, str, int | None, str | None]

# Texts of so many windows, and more up to the next of these, are counted together.
_WINDOWS = (1, 2, 3, 5, 9, 17)


def quality_table(
    scores: DataFrame,
    model: str,
    counts: Mapping[str, Any],
    groups: pd.DataFrame,
    round_to: int | None,
) -> pa.Table:
    """Count documents by what became of them and what they are like.

    Args:
        scores: Scores of one model, under the contract `scores`.
        model: The model's name.
        counts: The manifest's `counts`.
        groups: The model's groups with `by`, the dimensions, `suppressed`, `documents` and `unattributed`.
        round_to: Counts are rounded to multiples of this.

    Returns:
        A table under the contract `quality`.
    """
    rows = [
        *_row_counts(counts, counts["models"][model]),
        *_composition(groups),
        *_windows(scores),
        *[("unattributed", ALL, int(n), None) for n in groups.loc[groups["by"] == ALL, "unattributed"]],
    ]
    entries = [
        {
            "model": model,
            "aspect": aspect,
            "value": value,
            "documents": None if documents is None else rounded(documents, round_to),
            "suppressed": suppressed,
        }
        for aspect, value, documents, suppressed in rows
    ]
    return pa.Table.from_pylist(entries, schema=load_contract("quality").arrow_schema())


def _row_counts(counts: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[_Row]:
    yield "read", ALL, counts["read"], None
    yield "scored", ALL, own["scored"], None
    yield "duplicates", ALL, own["duplicate_texts"], None
    for reason in sorted({*counts["rejected"], *own["rejected"]}):
        yield "rejected", reason, counts["rejected"].get(reason, 0) + own["rejected"].get(reason, 0), None


def _composition(groups: pd.DataFrame) -> Iterator[_Row]:
    for dimension in ("language", "source"):
        for group in groups[groups["by"] == dimension].sort_values("documents", ascending=False).to_dict("records"):
            hidden = group["suppressed"]
            yield dimension, group[dimension], None if hidden else group["documents"], hidden


def _windows(scores: DataFrame) -> Iterator[_Row]:
    band = F.lit(_WINDOWS[0])
    for start in _WINDOWS[1:]:
        band = F.when(F.col("n_windows") >= start, start).otherwise(band)
    found = {row["band"]: row["count"] for row in scores.groupBy(band.alias("band")).count().collect()}
    for start, following in zip(_WINDOWS, [*_WINDOWS[1:], None], strict=True):
        if start in found:
            yield "windows", _band(start, following), found[start], None


def _band(start: int, following: int | None) -> str:
    if following is None:
        return f"{start} or more"
    return str(start) if following == start + 1 else f"{start} to {following - 1}"

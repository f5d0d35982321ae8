"""From scores to prevalence: Spark groups and counts, only the groups come to the driver."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from mh_batch.reporting.prevalence import wilson_interval
from mh_batch.settings import Period
from mh_batch.validation import load_contract

ALL = "all"
UNDATED = "undated"
UNKNOWN_LANGUAGE = "unknown"

_SECONDS_PER_DAY = 86_400
# Sums of doubles depend on the order that tasks finish in; sums of whole hundred-millionths do not,
# and a 64-bit integer holds them for 92 billion documents.
_PROBABILITY_UNIT = 10**8


def prevalence_table(scores: DataFrame, model: str, labels: Sequence[str], period: Period) -> pa.Table:
    """Count documents, authors and positives of each label by period and language, with all totals.

    Args:
        scores: Scores of one model, under the contract `scores`.
        model: The model's name, as it stands in the table.
        labels: The model's labels, each with its column `p_<label>`.
        period: What dates are grouped by, in UTC.

    Returns:
        A table under the contract `prevalence`, sorted by model, label, period and language.
    """
    counts = _count(scores, labels, period).toArrow()
    parts = [_share_of(counts, model, index, label) for index, label in enumerate(labels)]
    order = ("model", "label", "period", "language")
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in order]).combine_chunks()


def _count(scores: DataFrame, labels: Sequence[str], period: Period) -> DataFrame:
    """Count by period x language; first by author, so that the cube multiplies authors and not documents."""
    keys = [_period_start(period).alias("period"), _language().alias("language")]
    values = [value for index, label in enumerate(labels) for value in _values(index, label)]
    rows = scores.select(*keys, "author_key", F.lit(1).cast("long").alias("documents"), *values)
    sums = [F.sum(name).alias(name) for name in rows.columns[3:]]
    by_author = rows.groupBy("period", "language", "author_key").agg(*sums)
    cube = by_author.cube("period", "language").agg(F.count_distinct("author_key").alias("authors"), *sums)
    return cube.where("documents > 0").fillna(ALL, ["period", "language"])


def _period_start(period: Period) -> Column:
    """The period's first day as ISO date; by whole UTC days, so that the session's time zone does not matter."""
    day = F.date_from_unix_date(F.floor(F.unix_seconds("created_at") / _SECONDS_PER_DAY).cast("int"))
    start = day if period == "day" else F.to_date(F.trunc(day, period))
    return F.coalesce(F.date_format(start, "yyyy-MM-dd"), F.lit(UNDATED))


def _language() -> Column:
    """The language; one that a corpus calls `all` must not pass for the total."""
    return F.coalesce(F.nullif("language", F.lit(ALL)), F.lit(UNKNOWN_LANGUAGE))


def _values(index: int, label: str) -> list[Column]:
    positive = F.array_contains("labels", label).cast("long")
    probability = F.round(F.col(f"`p_{label}`") * _PROBABILITY_UNIT).cast("long")
    return [positive.alias(f"positives_{index}"), probability.alias(f"probability_{index}")]


def _share_of(counts: pa.Table, model: str, index: int, label: str) -> pa.Table:
    documents, positives = counts["documents"].to_numpy(), counts[f"positives_{index}"].to_numpy()
    low, high = wilson_interval(positives, documents)
    columns = {
        "model": np.full(len(documents), model, dtype=object),
        "label": np.full(len(documents), label, dtype=object),
        **{name: counts[name] for name in ("period", "language", "documents", "authors")},
        "positives": positives,
        "prevalence": positives / documents,
        "ci_low": low,
        "ci_high": high,
        "mean_probability": counts[f"probability_{index}"].to_numpy() / _PROBABILITY_UNIT / documents,
    }
    return pa.table(columns, schema=load_contract("prevalence").arrow_schema())

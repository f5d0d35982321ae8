"""Counts of scores by group: Spark groups and counts, only the groups come to the driver.

Two passes over the scores. The one by authors gathers each author's documents once, by a single shuffle, and counts
distinct authors and what the variance between authors needs. The one by documents counts probabilities in bins, from
which come quantiles, histograms and means. All sums are of whole numbers: they do not depend on the order that tasks
finish in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import Column, DataFrame, functions as F

from mh_batch.reporting.groupings import ALL, DIMENSIONS, UNDATED, UNKNOWN, Crossing
from mh_batch.settings import Period

# Probabilities are counted in so many bins of equal width: quantiles are exact to one half of a per cent.
BINS = 200

_SECONDS_PER_DAY = 86_400
# A 64-bit integer holds the sum of this many parts of a probability for 92 billion documents.
UNIT = 10**8


@dataclass(frozen=True)
class Counts:
    """Counts of the scores of one model.

    Attributes:
        groups: One row per group: `crossing` (index into the crossings), the dimensions (None where the group is not
            cut by it), `documents`, `authors` (named ones), `clusters` (authors, and each document that names none),
            `squares` (sum over clusters of squared documents), and for each label, by its index i: `positives_i`,
            `positive_authors_i`, `x2_i` and `xn_i` (sums over clusters of squared positives, and of positives times
            documents), `s1_i` and `s2_i` (sums over authors of the share of their documents that carry the label, and
            of its square, in parts of `UNIT`).
        bins: One row per group, `rated` language, `label` (index) and `bin` that holds documents: `documents`,
            `positives`, `probability` (sum, in parts of `UNIT`).
    """

    groups: pd.DataFrame
    bins: pd.DataFrame


def known_dimensions(scores: DataFrame) -> list[str]:
    """Return the dimensions of which any document has a value."""
    columns = {"period": "created_at", "language": "language", "region": "region", "source": "source"}
    row = scores.agg(*[F.count(column).alias(name) for name, column in columns.items()]).head()
    assert row is not None
    return [name for name in DIMENSIONS if row[name]]


def count_scores(scores: DataFrame, labels: Sequence[str], period: Period, crossings: Sequence[Crossing]) -> Counts:
    """Count documents, authors and positives, and probabilities by bin, of each crossing's groups.

    Args:
        scores: Scores of one model, under the contract `scores`.
        labels: The model's labels, each with its column `p_<label>`.
        period: What dates are grouped by, in UTC.
        crossings: The crossings that groups are formed by.
    """
    used, dimensions = dimension_columns(crossings, period)
    groups = _by_author(
        scores.select(*dimensions, *author_columns(), *positive_columns(labels)), used, crossings, len(labels)
    )
    bins = _by_bin(scores.select(*dimensions, language_column().alias("rated"), bin_entries(labels)), used, crossings)
    return Counts(fetched(groups), fetched(bins))


def dimension_columns(crossings: Sequence[Crossing], period: Period) -> tuple[list[str], list[Column]]:
    """Return the dimensions that any of the crossings is cut by, as names and as columns of the scores."""
    used = [name for name in DIMENSIONS if any(name in crossing for crossing in crossings)]
    return used, [_dimension(name, period).alias(name) for name in used]


def _dimension(name: str, period: Period) -> Column:
    return _period_start(period) if name == "period" else language_column() if name == "language" else _known(name)


def _period_start(period: Period) -> Column:
    """The period's first day as ISO date; by whole UTC days, so that the session's time zone does not matter."""
    day = F.date_from_unix_date(F.floor(F.unix_seconds("created_at") / _SECONDS_PER_DAY).cast("int"))
    start = day if period == "day" else F.to_date(F.trunc(day, period))
    return F.coalesce(F.date_format(start, "yyyy-MM-dd"), F.lit(UNDATED))


def language_column() -> Column:
    """Return the language as reports name it."""
    return _known("language")


def _known(name: str) -> Column:
    """The value; one that a corpus calls `all` must not pass for the total."""
    return F.coalesce(F.nullif(name, F.lit(ALL)), F.lit(UNKNOWN))


def author_columns() -> list[Column]:
    """Return `author`, a number that stands for the author's key, and `named`, 1 where there is one.

    Numbers are faster to group by than keys; two of ten million authors share one with a probability of three in a
    million. Documents without an author stand for themselves.
    """
    named = F.col("author_key").isNotNull()
    return [
        F.when(named, F.xxhash64("author_key")).otherwise(F.xxhash64("doc_id", F.lit(1))).alias("author"),
        named.cast("long").alias("named"),
    ]


def positive_columns(labels: Sequence[str]) -> list[Column]:
    """Return `x_i` for each label by its index: 1 where the document carries it, else 0."""
    return [F.array_contains("labels", label).cast("long").alias(f"x_{i}") for i, label in enumerate(labels)]


def _by_author(rows: DataFrame, used: Sequence[str], crossings: Sequence[Crossing], labels: int) -> DataFrame:
    sums = [F.sum(f"x_{i}").alias(f"x_{i}") for i in range(labels)]
    keys = ["author", "named"]
    # All that follows groups by the author and more, so it stays where this shuffle puts it.
    single = rows.repartition("author").groupBy(*keys, *used).agg(F.count("*").alias("n"), *sums)
    repeated = crossed(single, used, crossings, [*keys, "n", *[f"x_{i}" for i in range(labels)]])
    by_author = repeated.groupBy(*keys, "crossing", *used).agg(F.sum("n").alias("n"), *sums)
    measures = [measure for i in range(labels) for measure in _measures(i)]
    return by_author.groupBy("crossing", *used).agg(
        F.sum("n").alias("documents"),
        F.sum("named").alias("authors"),
        F.count("*").alias("clusters"),
        F.sum(F.col("n") * F.col("n")).alias("squares"),
        *measures,
    )


def _measures(label: int) -> list[Column]:
    x, n, named = F.col(f"x_{label}"), F.col("n"), F.col("named")
    share = x.cast("double") / n
    return [
        F.sum(x).alias(f"positives_{label}"),
        F.sum(F.when(x > 0, named).otherwise(0)).alias(f"positive_authors_{label}"),
        F.sum(x * x).alias(f"x2_{label}"),
        F.sum(x * n).alias(f"xn_{label}"),
        F.sum(named * _in_units(share)).alias(f"s1_{label}"),
        F.sum(named * _in_units(share * share)).alias(f"s2_{label}"),
    ]


def _in_units(value: Column) -> Column:
    # Half a unit and cut off: Spark's round() goes by way of decimals and takes ten times as long.
    return (value * UNIT + 0.5).cast("long")


def bin_entries(labels: Sequence[str]) -> Column:
    """Return `entry`: for each label its index, the bin of its probability, and what there is to add up."""
    return F.explode(F.array(*[_entry(i, label) for i, label in enumerate(labels)])).alias("entry")


def _entry(index: int, label: str) -> Column:
    probability = F.col(f"`p_{label}`")
    return F.struct(
        F.lit(index).alias("label"),
        F.least((probability * BINS).cast("int"), F.lit(BINS - 1)).alias("bin"),
        F.array_contains("labels", label).cast("long").alias("positives"),
        _in_units(probability).alias("probability"),
    )


def _by_bin(rows: DataFrame, used: Sequence[str], crossings: Sequence[Crossing]) -> DataFrame:
    keys = ["rated", "label", "bin"]
    sums = [F.sum(name).alias(name) for name in ("documents", "positives", "probability")]
    entries = rows.select(*used, "rated", "entry.*", F.lit(1).cast("long").alias("documents"))
    finest = entries.groupBy(*used, *keys).agg(*sums)
    repeated = crossed(finest, used, crossings, [*keys, "documents", "positives", "probability"])
    return repeated.groupBy("crossing", *used, *keys).agg(*sums)


def crossed(rows: DataFrame, used: Sequence[str], crossings: Sequence[Crossing], kept: Sequence[str]) -> DataFrame:
    """Repeat each row for each crossing, without the dimensions that this is not cut by.

    Spark's own grouping sets would do the same, but forget how the rows are partitioned.

    Args:
        rows: Rows with the dimensions.
        used: The dimensions that any of the crossings is cut by.
        crossings: The crossings; the column `crossing` holds their index.
        kept: Further columns of the rows.
    """
    numbers = F.array(*[F.lit(i) for i in range(len(crossings))])
    repeated = rows.withColumn("crossing", F.explode(numbers))
    cut = {name: [i for i, crossing in enumerate(crossings) if name in crossing] for name in used}
    masked = [F.when(F.col("crossing").isin(cut[name]), F.col(name)).alias(name) for name in used]
    return repeated.select("crossing", *masked, *kept)


def fetched(table: DataFrame) -> pd.DataFrame:
    """Bring counts of groups to the driver, in order; dimensions that a group is not cut by become `all`."""
    frame: pd.DataFrame = table.toArrow().to_pandas()
    for name in DIMENSIONS:
        frame[name] = frame[name].where(frame[name].notna(), ALL) if name in frame else ALL
    return frame.sort_values(["crossing", *DIMENSIONS], ignore_index=True)

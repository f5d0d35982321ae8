"""Two runs counted together: by author, since the same people may have written in both."""

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement

import pandas as pd
from pyspark.sql import Column, DataFrame, functions as F

from mh_batch.reporting.counting.aggregates import author_columns, bin_entries, language_column
from mh_batch.reporting.groupings import ALL

RUNS = ("now", "before")


def count_authors_of_both(now: DataFrame, before: DataFrame, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count documents and positives of two runs, and how they go together by author.

    Args:
        now: Scores of one run, under the contract `scores`.
        before: Scores of the same model in another run.
        labels: Labels that both score.

    Returns:
        For each language, `all` included: sums over authors of `n_now`, `n_before` (documents)
        and, for each label by its index i, `x_now_i`, `x_before_i` (positives), and of the products of any two of
        them, as `product_name` calls them; and `authors` of either run, each document without one for itself.
    """
    positives = {f"x_{i}": F.array_contains("labels", label).cast("long") for i, label in enumerate(labels)}
    rows = _both(now, before, *author_columns(), *[value.alias(name) for name, value in positives.items()])
    sums = [
        F.sum(F.when(F.col("run") == run, F.col(name))).alias(_name(name, run)) for name, run in _counted(positives)
    ]
    single = rows.withColumn("n", F.lit(1).cast("long")).repartition("author").groupBy("author", "language").agg(*sums)
    names = single.columns[2:]
    crossed = single.na.fill(0).withColumn("language", F.explode(F.array("language", F.lit(ALL))))
    by_author = crossed.groupBy("author", "language").agg(*[F.sum(name).alias(name) for name in names])
    table = by_author.groupBy("language").agg(F.count("*").alias("authors"), *_moments(len(labels))).toArrow()
    return {row.pop("language"): row for row in table.to_pylist()}


def count_bins_of_both(now: DataFrame, before: DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Count the documents of two runs by probability.

    Returns:
        Columns `now` and `before` (documents); the index is `language` (`all` included), `label` (index) and `bin`.
    """
    entries = _both(now, before, bin_entries(labels)).select("run", "language", "entry.label", "entry.bin")
    counted = entries.groupBy("language", "label", "bin").pivot("run", list(RUNS)).count().na.fill(0)
    frame: pd.DataFrame = counted.toArrow().to_pandas()
    total = frame.assign(language=ALL)
    return pd.concat([frame, total]).groupby(["language", "label", "bin"]).sum()


def product_name(one: str, two: str) -> str:
    """Return how the sum of the products of two counts is called; the order does not matter."""
    return "*".join(sorted((one, two)))


def _both(now: DataFrame, before: DataFrame, *columns: Column) -> DataFrame:
    kept = [language_column().alias("language"), *columns]
    tables = [scores.select(F.lit(run).alias("run"), *kept) for run, scores in zip(RUNS, (now, before), strict=True)]
    return tables[0].unionByName(tables[1])


def _counted(positives: Sequence[str] | dict[str, Column]) -> Iterator[tuple[str, str]]:
    return ((name, run) for name in ("n", *positives) for run in RUNS)


def _name(name: str, run: str) -> str:
    letter, _, label = name.partition("_")
    return "_".join(filter(None, (letter, run, label)))


def _moments(labels: int) -> list[Column]:
    sizes = [f"n_{run}" for run in RUNS]
    own = [[*sizes, *[f"x_{run}_{i}" for run in RUNS]] for i in range(labels)]
    pairs = {product_name(*pair): pair for names in own for pair in combinations_with_replacement(names, 2)}
    sums = {name: F.sum(name) for name in dict.fromkeys(name for names in own for name in names)}
    products = {name: F.sum(F.col(one) * F.col(two)) for name, (one, two) in pairs.items()}
    return [column.alias(name) for name, column in {**sums, **products}.items()]

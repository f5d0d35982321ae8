"""Differences of two runs: in shares, by authors who may have written in both, and in distributions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pyspark.sql import Column, DataFrame, functions as F
from scipy.special import chdtrc, stdtr, stdtrit

from mh_batch.reporting.counting.aggregates import author_columns, bin_entries, language_column
from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.report_tables import rounded

Sums = Mapping[str, int]

RUNS = ("now", "before")


def difference_of(sums: Sums, label: int, round_to: int | None = None) -> dict[str, float]:
    """Compare two shares whose authors may be the same people.

    The variance is that of the linearised difference of two ratios, summed over authors: a person who wrote in both
    runs adds to both.

    Source: Cochran, W. G. (1977). Sampling Techniques, 3rd edition, chapter 6.

    Args:
        sums: What `count_authors_of_both` gives of one language.
        label: Index of the label.
        round_to: The shares are computed of counts that are rounded to multiples of this.

    Returns:
        Columns of the contract `change`, from `share` to `p_value`.
    """
    freedom = max(float(sums["authors"]) - 1, 1.0)
    error = sqrt(_variance(sums, label, RUNS) * (1 + 1 / freedom))
    share, share_before = (_share(sums, label, run, round_to) for run in RUNS)
    difference, half = share - share_before, float(stdtrit(freedom, 0.975)) * error
    return {
        "share": share,
        "share_before": share_before,
        "difference": difference,
        "difference_low": max(-1.0, difference - half),
        "difference_high": min(1.0, difference + half),
        "p_value": 2 * float(stdtr(freedom, -abs(difference) / error)) if error else float(difference == 0),
    }


def effective_size(sums: Sums, label: int, run: str) -> float:
    """Return how many independent documents would make a run's share as certain as it is.

    Args:
        sums: As of `difference_of`.
        label: Index of the label.
        run: One of `RUNS`.
    """
    share, documents = _share(sums, label, run), float(sums[f"n_{run}"])
    variance = _variance(sums, label, (run,))
    return min(documents, share * (1 - share) / variance) if variance and 0 < share < 1 else documents


def stability_index(now: ArrayLike, before: ArrayLike) -> float:
    """Return the population stability index of two histograms: the symmetrised relative entropy of their shares.

    Bins that are empty in one of them count as half a document there.

    Source: Siddiqi, N. (2006). Credit Risk Scorecards, chapter 10.
    """
    shares = [np.maximum(counts := np.asarray(side, np.float64), 0.5) / counts.sum() for side in (now, before)]
    either = (np.asarray(now) > 0) | (np.asarray(before) > 0)
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1]))[either].sum())


def index_by_chance(index: float, bins: int, size: float, size_before: float) -> float:
    """Return how likely an index this large is where nothing changed.

    Source: Yurdakul, B. (2018). Statistical properties of the population stability index. Western Michigan University.

    Args:
        index: What `stability_index` returned.
        bins: Bins that it was computed of.
        size: Independent observations behind the one histogram.
        size_before: The same of the other one.
    """
    return float(chdtrc(max(bins - 1, 1), index / (1 / size + 1 / size_before)))


def kolmogorov_smirnov(now: ArrayLike, before: ArrayLike) -> float:
    """Return the largest distance between the cumulative shares of two histograms."""
    cumulative = [np.cumsum(side, dtype=np.float64) / np.sum(side) for side in (now, before)]
    return float(np.abs(cumulative[0] - cumulative[1]).max())


def _share(sums: Sums, label: int, run: str, round_to: int | None = None) -> float:
    return rounded(sums[f"x_{run}_{label}"], round_to) / rounded(sums[f"n_{run}"], round_to)


def _variance(sums: Sums, label: int, runs: Sequence[str]) -> float:
    """Sum over authors of what each adds to the linearised difference, or to one run's share, squared."""
    weights: dict[str, float] = {}
    for run in runs:
        sign, documents = (1 if run == RUNS[0] else -1), float(sums[f"n_{run}"])
        weights[f"x_{run}_{label}"] = sign / documents
        weights[f"n_{run}"] = -sign * _share(sums, label, run) / documents
    products = (w * v * float(sums[product_name(a, b)]) for a, w in weights.items() for b, v in weights.items())
    return max(sum(products), 0.0)


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

    Args:
        now: Scores of one run, under the contract `scores`.
        before: Scores of the same model in another run.
        labels: Labels that both score.

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

"""Differentially private counts of authors: a report hardly depends on any one person's being in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, exp, log
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession, Window, functions as F
from scipy.special import ndtri

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.errors import UsageError
from mh_batch.reporting.counting.aggregates import (
    author_columns,
    crossed,
    dimension_columns,
    fetched,
    known_dimensions,
    positive_columns,
)
from mh_batch.reporting.counting.counted_models import read_scores
from mh_batch.reporting.estimation.uncertainty import author_bands
from mh_batch.reporting.groupings import COMPLEMENTARY, KEYS, SMALL, Crossing, crossings_asked, known_crossings, name_of
from mh_batch.reporting.report_tables import ReportTables
from mh_batch.settings import Period, ReportOptions

# Chance that a group appears in the report only because one person is in it; conventionally far below one in the
# number of people.
DELTA = 1e-6

# Fewer crossings than other reports have: the budget is shared among them.
USUAL: tuple[Crossing, ...] = ((), ("period",), ("language",))

_WITHHELD = ("distribution", "cooccurrence", "quality")


@dataclass(frozen=True)
class Budget:
    """A report's budget, shared among its models and crossings.

    Attributes:
        epsilon: Budget of the whole report.
        max_groups: Groups of one crossing that an author counts in; where there are more, some are drawn by chance.
        parts: Counts with a share of their own: one for each model and crossing.
    """

    epsilon: float
    max_groups: int
    parts: int

    def sensitivity(self, crossing: Crossing, labels: int) -> int:
        """By how much one author changes the counts of a crossing: the authors, and each label's, of each group."""
        return (self.max_groups if crossing else 1) * (1 + labels)

    def scale(self, crossing: Crossing, labels: int) -> float:
        """Scale of the noise on the counts of a crossing."""
        return self.sensitivity(crossing, labels) * self.parts / self.epsilon

    def fewest(self, crossing: Crossing, labels: int) -> int:
        """The noisy count from which a group is shown: below, that it is there might give a single author away."""
        groups = self.max_groups if crossing else 1
        return 1 + ceil(self.scale(crossing, labels) * log(groups * self.parts / DELTA))


@dataclass(frozen=True)
class Spent:
    """The budget that a report spent, for its manifest."""

    epsilon: float
    spent: float
    delta: float
    max_groups: int
    mechanism: str = "discrete Laplace (OpenDP)"

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


def count_authors(
    scores: DataFrame, labels: Sequence[str], period: Period, crossings: Sequence[Crossing], max_groups: int
) -> pd.DataFrame:
    """Count authors, and those with any positive document, each in a bounded number of groups of each crossing.

    Args:
        scores: Scores of one model, under the contract `scores`; documents without an author are left out.
        labels: Labels to count.
        period: What dates are grouped by, in UTC.
        crossings: The crossings that groups are formed by.
        max_groups: Groups of one crossing that an author counts in.

    Returns:
        One row per group: `crossing` (index), the dimensions, `authors`, and `positive_authors_i` for each label.
    """
    used, dimensions = dimension_columns(crossings, period)
    flags = [f"x_{i}" for i in range(len(labels))]
    rows = scores.where("author_key IS NOT NULL").select(*dimensions, *author_columns(), *positive_columns(labels))
    single = rows.groupBy("author", *used).agg(*[F.max(flag).alias(flag) for flag in flags])
    by_group = crossed(single, used, crossings, ["author", *flags]).groupBy("crossing", "author", *used)
    # Which groups an author counts in must not depend on what the author wrote there.
    order = Window.partitionBy("crossing", "author").orderBy(F.xxhash64("author", *used))
    bounded = by_group.agg(*[F.max(flag).alias(flag) for flag in flags]).withColumn("place", F.row_number().over(order))
    sums = [F.sum(flag).alias(f"positive_authors_{i}") for i, flag in enumerate(flags)]
    kept = bounded.where(F.col("place") <= max_groups)
    return fetched(kept.groupBy("crossing", *used).agg(F.count("*").alias("authors"), *sums))


def add_noise(
    groups: pd.DataFrame, crossings: Sequence[Crossing], labels: int, budget: Budget, min_authors: int
) -> tuple[pd.DataFrame, float]:
    """Add discrete Laplace noise to the counts of `count_authors`, and drop groups that are too small to be shown.

    Source: Dwork, C. and Roth, A. (2014). The Algorithmic Foundations of Differential Privacy, section 3.3; the
    threshold after Korolova, A. et al. (2009). Releasing search queries and clicks privately.

    Args:
        groups: What `count_authors` returned.
        crossings: The crossings that it was given.
        labels: Number of labels.
        budget: What may be spent.
        min_authors: Groups of fewer authors are not shown, whatever the budget.

    Returns:
        The groups that are shown, with `noise` (its standard deviation), and the epsilon spent.
    """
    columns = ["authors", *[f"positive_authors_{i}" for i in range(labels)]]
    shown, spent = [], 0.0
    for index, crossing in enumerate(crossings):
        own = groups[groups["crossing"] == index]
        scale = budget.scale(crossing, labels)
        noisy, epsilon = _noisy(own[columns].to_numpy(np.int64), scale, budget.sensitivity(crossing, labels))
        spent += epsilon
        released = own.assign(**dict(zip(columns, noisy.T, strict=True)), noise=_deviation(scale))
        fewest = max(min_authors, budget.fewest(crossing, labels))
        shown.append(released[released["authors"] >= fewest])
    return pd.concat(shown, ignore_index=True), spent


def opendp() -> ModuleType:
    """Import OpenDP.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import opendp.prelude
    except ImportError:
        raise UsageError("--dp-epsilon needs OpenDP: pip install 'mh-batch[privacy]'") from None
    opendp.prelude.enable_features("contrib")
    module: ModuleType = opendp.prelude
    return module


def _noisy(counts: NDArray[np.int64], scale: float, sensitivity: int) -> tuple[NDArray[np.int64], float]:
    dp = opendp()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    laplace = dp.m.make_laplace(*space, scale=scale)
    noisy = np.asarray(laplace(counts.ravel().tolist()), np.int64).reshape(counts.shape)
    authors, positive = np.maximum(noisy[:, :1], 0), np.maximum(noisy[:, 1:], 0)
    return np.hstack([authors, np.minimum(positive, authors)]), float(laplace.map(sensitivity))


def _deviation(scale: float) -> float:
    """Standard deviation of discrete Laplace noise."""
    ratio = exp(-1 / scale)
    return float(np.sqrt(2 * ratio) / (1 - ratio))


def private_tables(
    spark: SparkSession, run: Folder, manifest: Mapping[str, Any], options: ReportOptions
) -> tuple[ReportTables, dict[str, Any]]:
    """Count the authors of a run with noise.

    Args:
        spark: The session that counts.
        run: Folder of the run.
        manifest: The run's manifest.
        options: The report's options, `dp_epsilon` among them.

    Returns:
        The tables, of which all but `prevalence` are empty, and what the manifest says of them.

    Raises:
        UsageError: OpenDP is not installed.
    """
    wanted = [*USUAL, *crossings_asked(options.group_by, options.period)]
    scored = [(entry, read_scores(spark, run, entry)) for entry in manifest["models"]]
    plans = [(entry, scores, known_crossings(wanted, known_dimensions(scores))) for entry, scores in scored]
    assert options.dp_epsilon is not None
    budget = Budget(options.dp_epsilon, options.dp_max_groups, sum(len(plan) for _, _, plan in plans))
    parts, spent = [], 0.0
    for entry, scores, plan in plans:
        labels = [label for label in entry["labels"] if label != entry.get("negative_label")]
        exact = count_authors(scores, labels, options.period, plan, budget.max_groups)
        groups, part = add_noise(exact, plan, len(labels), budget, options.min_authors)
        spent += part
        parts += [_of_label(entry["name"], label, i, groups, plan, options) for i, label in enumerate(labels)]
    empty = {name: load_contract(name).arrow_schema().empty_table() for name in _WITHHELD}
    prevalence = pa.concat_tables([load_contract("prevalence").arrow_schema().empty_table(), *parts])
    said: dict[str, Any] = {
        "counted_as_authors": "authors",
        "privacy": Spent(budget.epsilon, spent, DELTA, budget.max_groups).as_dict(),
        "against": None,
        "flags": [],
        "suppressed": {SMALL: 0, COMPLEMENTARY: 0},
    }
    return ReportTables(prevalence=prevalence, **empty), said


def _of_label(
    model: str, label: str, index: int, groups: pd.DataFrame, plan: Sequence[Crossing], options: ReportOptions
) -> pa.Table:
    authors, positive = groups["authors"].to_numpy(), groups[f"positive_authors_{index}"].to_numpy()
    share = positive / authors
    # Of sampling, and of the noise on both counts.
    variance = share * (1 - share) / authors + (groups["noise"].to_numpy() / authors) ** 2 * (1 + share**2)
    half = ndtri(0.975) * np.sqrt(variance)
    columns = {
        **{name: groups[name] for name in KEYS[1:]},
        "by": [name_of(plan[crossing], options.period) for crossing in groups["crossing"]],
        "model": model,
        "label": label,
        "authors": authors,
        "positive_authors": positive,
        "any_positive": share,
        "any_positive_low": np.clip(share - half, 0, 1),
        "any_positive_high": np.clip(share + half, 0, 1),
        "author_band": author_bands(authors),
    }
    contract = load_contract("prevalence")
    frame = pd.DataFrame(columns).reindex(columns=contract.names)
    return pa.Table.from_pandas(frame, schema=contract.arrow_schema(), preserve_index=False)

"""The tables of a report under differential privacy: noisy counts of authors, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession
from scipy.special import ndtri

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.reporting.counting.aggregates import known_dimensions
from mh_batch.reporting.counting.counted import read_scores
from mh_batch.reporting.disclosure.privacy import DELTA, USUAL, Budget, Spent, add_noise, count_authors
from mh_batch.reporting.estimation.bands import author_bands
from mh_batch.reporting.groupings import COMPLEMENTARY, KEYS, SMALL, Crossing, crossings_asked, known_crossings, name_of
from mh_batch.reporting.tables import ReportTables
from mh_batch.settings import ReportOptions


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


_WITHHELD = ("distribution", "cooccurrence", "quality")


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

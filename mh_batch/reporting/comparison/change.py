"""The table `change`: shares and distributions of scores of a model in two runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame

from mh_batch.reporting.comparison.differences import (
    RUNS,
    count_authors_of_both,
    count_bins_of_both,
    difference_of,
    effective_size,
    index_by_chance,
    kolmogorov_smirnov,
    stability_index,
)
from mh_batch.reporting.counting.aggregates import BINS
from mh_batch.reporting.counting.distribution import SHOWN_BINS
from mh_batch.reporting.report_tables import rounded

_SAME = ("fingerprint", "thresholds")


def change_rows(
    now: DataFrame,
    before: DataFrame,
    model: Mapping[str, Any],
    model_before: Mapping[str, Any],
    languages: Collection[str],
    round_to: int | None,
) -> list[dict[str, Any]]:
    """Compare what a model says in two runs, but for what can only be said of all comparisons together.

    Args:
        now: Scores of one run.
        before: Scores of the other one.
        model: The model's entry in the manifest.
        model_before: Its entry in the other run's manifest.
        languages: Languages that both reports show, `all` included.
        round_to: Counts are rounded to multiples of this, and shares computed from the rounded ones.
    """
    labels = [label for label in model["labels"] if label in model_before["labels"]]
    sums, bins = count_authors_of_both(now, before, labels), count_bins_of_both(now, before, labels)
    comparable = all(model[key] == model_before[key] for key in _SAME)
    shown = [name for name in sorted(languages) if name in sums and sums[name]["n_now"] and sums[name]["n_before"]]
    return [
        {
            "model": model["name"],
            "label": label,
            "language": language,
            "documents": rounded(sums[language]["n_now"], round_to),
            "documents_before": rounded(sums[language]["n_before"], round_to),
            **_figures(sums[language], pd.DataFrame(bins.xs((language, i))), i, round_to),
            "comparable": comparable,
        }
        for i, label in enumerate(labels)
        for language in shown
    ]


def _figures(sums: Mapping[str, int], bins: pd.DataFrame, label: int, round_to: int | None) -> dict[str, float]:
    """Compare shares, and histograms, whose index is the bin."""
    difference = difference_of(sums, label, round_to)
    now, before = (bins[run].reindex(range(BINS), fill_value=0).to_numpy() for run in RUNS)
    coarse = [side.reshape(SHOWN_BINS, -1).sum(axis=1) for side in (now, before)]
    index = stability_index(*coarse)
    by_chance = index_by_chance(index, SHOWN_BINS, *(effective_size(sums, label, run) for run in RUNS))
    return {**difference, "psi": index, "psi_p_value": by_chance, "ks": kolmogorov_smirnov(now, before)}

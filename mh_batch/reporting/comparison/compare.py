"""Comparison of a run's report with that of another run: what both of them show, and which changes are worth a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession
from scipy.stats import false_discovery_control

from mh_batch.charts.formats import percent
from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.reporting.comparison.change import change_rows
from mh_batch.reporting.comparison.mix import mix_rows, published_composition, shown_composition
from mh_batch.reporting.counting.counted_models import CountedModel, read_scores
from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.report_tables import read_table
from mh_batch.settings import ReportOptions

# Conventions for the population stability index: from here on worth a look; from 0.25 on a shift.
NOTABLE_INDEX = 0.1
NOTABLE_DIFFERENCE = 0.01
FALSE_DISCOVERIES = 0.05

Rows = Sequence[Mapping[str, Any]]


def compare(
    spark: SparkSession, models: Sequence[CountedModel], previous: Folder, options: ReportOptions
) -> tuple[pa.Table, pa.Table, list[str]]:
    """Compare a run with another one.

    Args:
        spark: The session that counts both runs together.
        models: The run's models, counted.
        previous: Folder of the other run.
        options: The report's options.

    Returns:
        The tables `change` and `mix`, and what they flag, in words.
    """
    entries = {entry["name"]: entry for entry in (previous / "manifest.json").read_json()["models"]}
    changes: list[dict[str, Any]] = []
    mixes: list[dict[str, Any]] = []
    for model in models:
        before = entries.get(model.name)
        if before is None or model.total.empty:
            continue
        shown = _languages_shown(model) & _languages_published(previous, model.name)
        scores_before = read_scores(spark, previous, before)
        changes += change_rows(model.scores, scores_before, model.entry, before, shown, options.round_to)
        mixes += mix_rows(model.name, shown_composition(model), published_composition(previous, model.name))
    change, mix = flag(changes, mixes, previous.name)
    return change, mix, in_words(change, mix)


def _languages_shown(model: CountedModel) -> set[str]:
    groups = model.counts.groups
    return set(groups.loc[groups["by"].isin([ALL, "language"]) & groups["suppressed"].isna(), "language"])


def _languages_published(previous: Folder, model: str) -> set[str]:
    """The languages that the other report shows; only the total where it is of a version that suppressed nothing."""
    table = read_table(previous / "report", "prevalence")
    if "suppressed" not in table.column_names:
        return {ALL}
    shown = (pc.field("model") == model) & pc.field("documents").is_valid() & pc.field("by").isin([ALL, "language"])
    return set(table.filter(shown)["language"].to_pylist())


def flag(changes: Rows, mixes: Rows, run_before: str) -> tuple[pa.Table, pa.Table]:
    """Correct for the number of comparisons, and flag what is worth a look.

    Source: Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57, 289-300.

    Args:
        changes: Rows of the contract `change`, with `p_value` and `psi_p_value`, without what follows from them.
        mixes: Rows of the contract `mix`, with `p_value`, without what follows from it.
        run_before: Id of the run compared with.

    Returns:
        The tables `change` and `mix`.
    """
    family: dict[Any, float] = {}
    for i, row in enumerate(changes):
        if row["comparable"]:
            family |= {("share", i): row["p_value"], ("psi", i): row["psi_p_value"]}
    family |= {(row["model"], row["dimension"]): row["p_value"] for row in mixes}
    q_values = _corrected(family)
    return (
        _table("change", [_changed(row, q_values, i, run_before) for i, row in enumerate(changes)]),
        _table("mix", [_mixed(row, q_values[row["model"], row["dimension"]]) for row in mixes]),
    )


def in_words(change: pa.Table, mix: pa.Table) -> list[str]:
    """Say what is flagged, one sentence each."""
    said = [_change_in_words(row) for row in change.to_pylist() if row["flagged"]]
    mixes = {(row["model"], row["dimension"]): row["psi"] for row in mix.to_pylist() if row["flagged"]}
    return said + [
        f"{model}: the documents' {dimension}s changed (stability index {index:.2f})"
        for (model, dimension), index in mixes.items()
    ]


def _corrected(family: Mapping[Any, float]) -> dict[Any, float]:
    if not family:
        return {}
    return dict(zip(family, map(float, false_discovery_control(list(family.values()))), strict=True))


def _changed(row: Mapping[str, Any], q_values: Mapping[Any, float], index: int, run_before: str) -> dict[str, Any]:
    q_value, psi_q_value = q_values.get(("share", index)), q_values.get(("psi", index))
    flagged = _is_notable(abs(row["difference"]), NOTABLE_DIFFERENCE, q_value)
    flagged |= _is_notable(row["psi"], NOTABLE_INDEX, psi_q_value)
    corrected = {"q_value": q_value, "psi_q_value": psi_q_value, "flagged": flagged}
    return {**row, "run_before": run_before, **corrected}


def _mixed(row: Mapping[str, Any], q_value: float) -> dict[str, Any]:
    return {**row, "q_value": q_value, "flagged": _is_notable(row["psi"], NOTABLE_INDEX, q_value)}


def _is_notable(size: float, notable: float, q_value: float | None) -> bool:
    return q_value is not None and size >= notable and q_value < FALSE_DISCOVERIES


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=load_contract(name).arrow_schema())


def _change_in_words(row: Mapping[str, Any]) -> str:
    where = "all languages" if row["language"] == "all" else row["language"]
    points = f"{100 * row['difference']:+.1f} points"
    span = f"{100 * row['difference_low']:+.1f} to {100 * row['difference_high']:+.1f}"
    moved = f"{percent(row['share'])} of documents after {percent(row['share_before'])}"
    index = f"stability index of the scores {row['psi']:.2f}"
    return f"{row['model']}, {row['label']}, {where}: {moved} ({points}, 95 % interval {span}; {index})"

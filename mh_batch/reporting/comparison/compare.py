"""Compares the report of a run with that of another run: what both of them show, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.reporting.comparison.change import change_rows
from mh_batch.reporting.comparison.flags import flag, in_words
from mh_batch.reporting.comparison.mix import OTHER, Composition, mix_rows
from mh_batch.reporting.counting.counted import CountedModel, read_scores
from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.tables import read_table
from mh_batch.settings import ReportOptions

_DIMENSIONS = ("language", "source")


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
        mixes += mix_rows(model.name, _composition(model), _composition_published(previous, model.name))
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


def _composition(model: CountedModel) -> Composition:
    groups, total = model.counts.groups, model.total.iloc[0]
    rows = groups[groups["by"].isin(_DIMENSIONS)]
    named = [
        (by, values[by], None if values["suppressed"] else int(values["documents"]))
        for by, values in zip(rows["by"], rows.to_dict("records"), strict=True)
    ]
    return _composed(named, int(total["documents"]), int(total["authors"] + total["unattributed"]))


def _composition_published(previous: Folder, model: str) -> Composition:
    """What the other report says of its composition; nothing where it is of a version that said nothing."""
    if not (previous / "report" / "quality.parquet").exists():
        return Composition(0, {})
    own = pc.field("model") == model
    quality = read_table(previous / "report", "quality").filter(own).to_pylist()
    total = read_table(previous / "report", "prevalence").filter(own & (pc.field("by") == ALL)).to_pylist()
    size = max((row["authors"] or row["documents"] or 0 for row in total), default=0)
    named = [(row["aspect"], row["value"], row["documents"]) for row in quality if row["aspect"] in _DIMENSIONS]
    return _composed(named, sum(row["documents"] for row in quality if row["aspect"] == "scored"), size)


def _composed(named: Sequence[tuple[str, str, int | None]], documents: int, size: int) -> Composition:
    shares: dict[str, dict[str, int]] = {}
    for dimension, value, count in named:
        shown = shares.setdefault(dimension, {})
        if count is not None:
            shown[value] = count
    for shown in shares.values():
        shown[OTHER] = max(0, documents - sum(shown.values()))
    return Composition(size, shares)

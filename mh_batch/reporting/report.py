"""Writes the report of a run into the run's folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.reporting.comparison.compare import compare
from mh_batch.reporting.counting.cooccurrence import cooccurrence_table
from mh_batch.reporting.counting.counted_models import CountedModel, author_unit, count_models
from mh_batch.reporting.counting.distribution import distribution_table
from mh_batch.reporting.counting.quality import quality_table
from mh_batch.reporting.disclosure.differential_privacy import private_tables
from mh_batch.reporting.estimation.prevalence import prevalence_table
from mh_batch.reporting.groupings import COMPLEMENTARY, SMALL
from mh_batch.reporting.page import render_page
from mh_batch.reporting.report_tables import ReportTables, read_table, rounded, write_table
from mh_batch.settings import ReportOptions


def write_report(
    spark: SparkSession,
    run: Folder,
    manifest: Mapping[str, Any],
    options: ReportOptions,
    previous: Folder | None = None,
) -> dict[str, Any]:
    """Write the report's tables and `index.html` into the run's folder `report`, over what is there.

    Args:
        spark: The session that groups the scores.
        run: Folder of the run, with `scores/model=<name>/` for each model.
        manifest: The run's manifest.
        options: What the report shows, and what it withholds.
        previous: Folder of the published run to compare with.

    Returns:
        What the manifest says of the report: settings, what was suppressed, what changed notably.
    """
    if options.dp_epsilon is None:
        tables, said = _tables(spark, run, manifest, options, previous)
    else:
        tables, said = private_tables(spark, run, manifest, options)
    spent = manifest.get("report", {}).get("epsilon_spent", 0.0) + (said["privacy"] or {"spent": 0.0})["spent"]
    shown = options.model_dump(mode="json", include={"period", "group_by", "min_authors", "round_to"})
    # A budget is spent for good: what earlier reports of this run spent counts as well.
    entry = {**shown, **said, "epsilon_spent": spent}
    report = run / "report"
    for field in fields(ReportTables):
        _write(getattr(tables, field.name), report, field.name)
    _write_page(report, tables, {**manifest, "report": entry})
    return entry


def write_page_again(run: Folder, manifest: Mapping[str, Any]) -> None:
    """Write `index.html` of a report anew from its tables: nothing is counted, no noise is drawn.

    Args:
        run: Folder of the run.
        manifest: What the page is to say of the run; its `report` says how the tables were made.
    """
    report = run / "report"
    held = [field.name for field in fields(ReportTables) if (report / f"{field.name}.parquet").exists()]
    _write_page(report, ReportTables(**{name: read_table(report, name) for name in held}), manifest)


def _write_page(report: Folder, tables: ReportTables, manifest: Mapping[str, Any]) -> None:
    (report / "index.html").write_bytes(render_page(tables, manifest).encode())


def _write(table: pa.Table | None, report: Folder, name: str) -> None:
    if table is not None:
        write_table(table, report, name)
        return
    for suffix in ("parquet", "csv"):  # of an earlier report, which compared
        (report / f"{name}.{suffix}").delete()


def _tables(
    spark: SparkSession, run: Folder, manifest: Mapping[str, Any], options: ReportOptions, previous: Folder | None
) -> tuple[ReportTables, dict[str, Any]]:
    models = count_models(spark, run, manifest["models"], options)
    change, mix, flags = compare(spark, models, previous, options) if previous else (None, None, [])
    to = options.round_to
    tables = ReportTables(
        prevalence=_together("prevalence", [prevalence_table(m.entry, m.counts, to) for m in models]),
        distribution=_together("distribution", [_distribution(m, to) for m in models]),
        cooccurrence=_together("cooccurrence", [_cooccurrence(m, options, author_unit(models)) for m in models]),
        quality=_together(
            "quality", [quality_table(m.scores, m.name, manifest["counts"], m.counts.groups, to) for m in models]
        ),
        change=change,
        mix=mix,
    )
    hidden = Counter(reason for m in models for reason in m.counts.groups["suppressed"] if reason)
    said = {
        "counted_as_authors": author_unit(models),
        "privacy": None,
        "against": previous.name if previous else None,
        "flags": flags,
        "suppressed": {reason: hidden[reason] for reason in (SMALL, COMPLEMENTARY)},
    }
    return tables, said


def _together(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([load_contract(name).arrow_schema().empty_table(), *parts])


def _distribution(model: CountedModel, round_to: int | None) -> pa.Table:
    return distribution_table(model.name, model.labels, model.counts.groups, model.counts.bins, round_to)


def _cooccurrence(model: CountedModel, options: ReportOptions, unit: str) -> pa.Table:
    total = model.total[model.total["suppressed"].isna()]
    if model.entry["task"] != "multi_label" or total.empty:
        return load_contract("cooccurrence").arrow_schema().empty_table()
    group, to = total.iloc[0], options.round_to
    positives = {label: rounded(int(group[f"positives_{i}"]), to) for i, label in enumerate(model.labels)}
    documents = rounded(int(group["documents"]), to)
    return cooccurrence_table(model.scores, model.name, positives, documents, options.min_authors, unit, to)

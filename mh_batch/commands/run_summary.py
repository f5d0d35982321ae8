"""The ends of commands: what a person wants to know of a run, rows of a table, and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from mh_batch.errors import DriftError
from mh_batch.settings import ReportOptions

if TYPE_CHECKING:
    import pandas as pd

    from mh_batch import PublishedRun


def summarize_run(run: PublishedRun) -> str:
    """Return counts, shares, what was left out, and where the results lie, in lines."""
    manifest = run.manifest
    counts = manifest["counts"]
    lines = [f"run {run.run_id}: {counts['read']:,} rows read"]
    for name, model in counts["models"].items():
        rejected = sum(counts["rejected"].values()) + sum(model["rejected"].values())
        speed = manifest["throughput"][name]
        lines.append(
            f"  {name}: {model['scored']:,} scored, {rejected:,} rejected; {speed['texts']:,} texts new to the store, "
            f"{speed['texts_per_second']:,} texts/s; {model['windowed_documents']:,} read in several windows"
        )
        lines += _shares(run, name)
    lines += [f"  left out {bad['file']}: {bad['cause']}" for bad in manifest["bad_files"]]
    lines.append(f"  rejected: {_reasons(counts)}")
    if counts.get("kept_out"):
        lines.append("  no consent: " + ", ".join(f"{rule} {count}" for rule, count in counts["kept_out"].items()))
    lines.append(f"  report: {run.report_page.uri}")
    lines.append(f"  tables: {run.folder.uri}")
    lines += [f"  worth a look: {flag}" for flag in manifest["report"]["flags"]]
    lines.append("What a classifier says of texts is an indicator, not a diagnosis.")
    return "\n".join(lines)


def _shares(run: PublishedRun, model: str) -> Iterator[str]:
    table, changes = run.prevalence(), run.change()
    for row in table[(table["model"] == model) & (table["by"] == "all")].to_dict("records"):
        yield f"    {row['label']}: {_said(row)}{_since(changes, model, row['label'])}"


def _said(row: Mapping[Any, Any]) -> str:
    """The report's estimate for all documents, in words."""
    if row["suppressed"]:
        return "not shown, too few authors"
    if isnan(row["share"]):  # differential privacy
        return f"about {row['any_positive']:.1%} of authors with any text marked {_interval(row, 'any_positive')}"
    marked = f"{row['share']:.1%} of texts marked {_interval(row, 'share')}"
    if isnan(row["prevalence"]):
        return f"{marked}, not adjusted: the card holds no error rates"
    return f"prevalence {row['prevalence']:.1%} {_interval(row, 'prevalence')}, from {marked}"


def _interval(row: Mapping[Any, Any], name: str) -> str:
    return f"(95 % interval {row[f'{name}_low']:.1%} to {row[f'{name}_high']:.1%})"


def _since(changes: pd.DataFrame | None, model: str, label: str) -> str:
    """The change of the share of marked texts since the run compared with, if that can be said."""
    if changes is None:
        return ""
    rows = changes[(changes["model"] == model) & (changes["label"] == label) & (changes["language"] == "all")]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if not row["comparable"]:
        return "; not comparable with the run before: another model, precision or threshold"
    return f"; marked {100 * row['difference']:+.1f} points since run {row['run_before']}"


def _reasons(counts: Mapping[str, Any]) -> str:
    by_reason = dict(counts["rejected"])
    for name, model in counts["models"].items():
        by_reason |= {f"{reason} ({name})": number for reason, number in model["rejected"].items()}
    return ", ".join(f"{reason} {number}" for reason, number in by_reason.items()) or "none"


def drift_code(entry: Mapping[str, Any], options: ReportOptions) -> int:
    """Return the exit code of a command whose report is written.

    Raises:
        DriftError: the report flags a change, and this was to be a failure.
    """
    if options.fail_on_drift and entry["flags"]:
        raise DriftError("\n".join(["what changed since the run compared with is worth a look:", *entry["flags"]]))
    return 0


def print_rows(rows: list[dict[str, object]], as_json: bool) -> None:
    """Print rows as JSON lines, or as a table."""
    if as_json:
        print("\n".join(json.dumps(row) for row in rows))
        return
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    header: dict[str, object] = {name: name for name in widths}
    for row in [header, *rows]:
        print("  ".join(str(row[name]).ljust(width) for name, width in widths.items()).rstrip())

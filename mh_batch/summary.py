"""What a person wants to know of a run that has just ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mh_batch import PublishedRun


def summary(run: PublishedRun) -> str:
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
    lines.append(f"  report: {run.report_page.uri}")
    lines.append(f"  tables: {run.folder.uri}")
    lines.append("These are shares of texts that a classifier marks: an indicator, not a diagnosis.")
    return "\n".join(lines)


def _shares(run: PublishedRun, model: str) -> Iterator[str]:
    table, changes = run.prevalence(), run.change()
    total = table[(table["model"] == model) & (table["period"] == "all") & (table["language"] == "all")]
    for row in total.itertuples():
        share = f"{row.prevalence:.1%} of texts (95 % interval {row.ci_low:.1%} to {row.ci_high:.1%})"
        yield f"    {row.label}: {share}{_since(changes, model, str(row.label))}"


def _since(changes: pd.DataFrame | None, model: str, label: str) -> str:
    """How a share moved since the run before, if that can be said."""
    if changes is None:
        return ""
    rows = changes[(changes["model"] == model) & (changes["label"] == label)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if not row["comparable"]:
        return "; not comparable with the run before: another model, precision or threshold"
    return f"; {100 * row['difference']:+.1f} points since run {row['run_before']}"


def _reasons(counts: Mapping[str, Any]) -> str:
    by_reason = dict(counts["rejected"])
    for name, model in counts["models"].items():
        by_reason |= {f"{reason} ({name})": number for reason, number in model["rejected"].items()}
    return ", ".join(f"{reason} {number}" for reason, number in by_reason.items()) or "none"

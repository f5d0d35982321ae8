"""Renders the report for people."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from mh_batch.reporting.formats import span
from mh_batch.reporting.page import words
from mh_batch.reporting.page.assets import chart_script, crisis_lines, template
from mh_batch.reporting.page.books import composition, keep_books
from mh_batch.reporting.page.charts import LOOK, RAMP
from mh_batch.reporting.page.cuts import GROUPS_SHOWN, first_period_shown
from mh_batch.reporting.page.filters import filters_of
from mh_batch.reporting.page.measures import FEW, Row
from mh_batch.reporting.page.sections import Section, section
from mh_batch.reporting.page.views import ModelView, view_model
from mh_batch.reporting.tables import ReportTables
from mh_batch.settings import Period

# As many columns of a table over time as fit on paper.
_PERIODS_ACROSS = 8


def render_page(tables: ReportTables, manifest: Mapping[str, Any]) -> str:
    """Return the report as self-contained HTML.

    Args:
        tables: The report's tables.
        manifest: The run's manifest; its `report` says how the tables were made.
    """
    report, models = manifest["report"], manifest["models"]
    since = first_period_shown(tables.prevalence, report["period"], models)
    views = [view_model(tables, model, report, since) for model in models]
    filters = filters_of(views)
    sections = [
        section(number, model, view, filters.indicators, report["period"])
        for number, (model, view) in enumerate(zip(models, views, strict=True), 1)
    ]
    return template().render(
        run=manifest,
        report=report,
        period=report["period"],
        since=since,
        span=_span(views, report["period"]),
        sections=sections,
        filters=filters,
        page=_page(sections, [filters.of_label(label) for label in filters.labels]),
        example=_example(views),
        top=_top(views),
        quality=_quality(views),
        crisis=crisis_lines(),
        script=chart_script(),
        ramp=RAMP,
        few=f"fewer than {FEW} {report['counted_as_authors'].replace('documents', 'texts')}",
        groups_shown=GROUPS_SHOWN,
        side_by_side=_side_by_side,
        matrix=_matrix,
        bins=_bins,
        batches=_batches,
    )


def _page(sections: Sequence[Section], classes: Sequence[str]) -> dict[str, Any]:
    """What the page's script reads."""
    specs = {name: spec for section in sections for name, spec in section.specs.items()}
    data = {name: rows for section in sections for name, rows in section.data.items()}
    return {"look": LOOK, "classes": list(classes), "specs": specs, "data": data}


def _span(views: Sequence[ModelView], period: Period) -> str | None:
    periods = sorted({start for view in views for start in view.periods})
    return span(periods[0], periods[-1], period) if periods else None


def _shown(view: ModelView) -> list[Row]:
    return [row for row in view.totals if row["value"] is not None and row["label"] in view.indicators]


def _top(views: Sequence[ModelView]) -> float:
    """Upper end of the scale of all headline figures."""
    ends = [row[name] for view in views for row in _shown(view) for name in ("high", "share")]
    return max((end for end in ends if end is not None), default=1.0) or 1.0


def _example(views: Sequence[ModelView]) -> list[str]:
    """A headline number read aloud; one that is adjusted if there is any."""
    totals = [(row, view.measures[row["label"]]) for view in views for row in _shown(view)]
    totals.sort(key=lambda total: total[0]["prevalence"] is None)
    return words.example(*totals[0]) if totals else []


def _quality(views: Sequence[ModelView]) -> dict[str, Any]:
    models = [view.quality for view in views]
    if not any(models):
        return {"books": [], "parts": {}}
    aspects = {"language": "Language", "source": "Source", "windows": "Windows that a text was read in"}
    return {
        "books": keep_books(models),
        "parts": {title: composition(models, aspect) for aspect, title in aspects.items()},
    }


def _side_by_side(rows: Sequence[Row], labels: Sequence[str]) -> list[list[Row]]:
    """Group the rows by language and period; each group holds the labels in the given order."""
    groups = (list(own) for _, own in groupby(rows, key=lambda row: (row["language"], row["period"])))
    ordered = [{row["label"]: row for row in group} for group in groups]
    return [[group[label] for label in labels if label in group] for group in ordered]


def _matrix(rows: Sequence[Row], label: str) -> dict[str, dict[str, Row]]:
    """The rows of one label by region and period."""
    cells: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["label"] == label:
            cells.setdefault(row["region"], {})[row["period"]] = row
    return cells


def _bins(rows: Sequence[Row], label: str) -> dict[tuple[float, float], dict[str, int]]:
    """Documents of one label by bin and language."""
    bins: dict[tuple[float, float], dict[str, int]] = {}
    for row in rows:
        if row["label"] == label:
            bins.setdefault((row["low"], row["high"]), {})[row["language"]] = row["documents"]
    return bins


def _batches(periods: Sequence[str]) -> list[Sequence[str]]:
    """Cut the periods into parts of about the same length."""
    size = -(-len(periods) // -(-len(periods) // _PERIODS_ACROSS))
    return [periods[start : start + size] for start in range(0, len(periods), size)]

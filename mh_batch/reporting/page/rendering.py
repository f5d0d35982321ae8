"""The report for people, rendered as one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

import yaml

from mh_batch.charts.formats import span
from mh_batch.charts.html_page import chart_script, template
from mh_batch.charts.style import LOOK, RAMP, Look, look_of
from mh_batch.reporting.page import words
from mh_batch.reporting.page.leading_measures import FEW, Row
from mh_batch.reporting.page.record_counts import composition_lines, record_lines
from mh_batch.reporting.page.sections import Section, section
from mh_batch.reporting.page.views import GROUPS_SHOWN, ModelView, first_period_shown, view_model
from mh_batch.reporting.page.words import group_name
from mh_batch.reporting.report_tables import ReportTables
from mh_batch.settings import Period

_PACKAGE = "mh_batch.reporting.page"
# As many columns of a table over time as fit on paper.
_PERIODS_ACROSS = 8


@dataclass(frozen=True)
class Filters:
    """The labels and languages of the report.

    Attributes:
        indicators: The labels that can be chosen, in the order that gives them their colours.
        labels: These and the labels that mean none of them.
        languages: Languages that can be chosen.
        suppressed: Languages that cannot, since their figures are suppressed.
    """

    indicators: tuple[str, ...]
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    suppressed: tuple[str, ...]

    @property
    def looks(self) -> dict[str, Look]:
        """The look of the indicators in the charts."""
        return look_of(self.indicators)

    def of_label(self, label: str) -> str:
        """Return the class of what concerns one label."""
        return f"L{self.labels.index(label)}"

    def of_language(self, language: str) -> str:
        """Return the classes of what concerns one language, or all together."""
        return f"G G{self.languages.index(language)}" if language in self.languages else "G"


def filters_of(views: Sequence[ModelView]) -> Filters:
    """Return what can be chosen among all models' labels and languages."""
    indicators = dict.fromkeys(label for view in views for label in view.indicators)
    labels = dict.fromkeys([*indicators, *(label for view in views for label in view.labels)])
    languages = dict.fromkeys(name for view in views for name in view.languages.open)
    suppressed = dict.fromkeys(name for view in views for name in view.languages.suppressed if name not in languages)
    return Filters(tuple(indicators), tuple(labels), tuple(languages), tuple(sorted(suppressed, key=_language_name)))


def _language_name(language: str) -> str:
    return group_name("language", language)


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
    return template("report.html.j2", _PACKAGE).render(
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
        crisis=_crisis_lines(),
        script=chart_script(),
        ramp=RAMP,
        few=f"fewer than {FEW} {report['counted_as_authors'].replace('documents', 'texts')}",
        groups_shown=GROUPS_SHOWN,
        group_name=group_name,
        side_by_side=_side_by_side,
        matrix=_matrix,
        bins=_bins,
        batches=_batches,
    )


@cache
def _crisis_lines() -> dict[str, Any]:
    """Crisis lines by country, and when they were last checked."""
    lines: dict[str, Any] = yaml.safe_load((files(_PACKAGE) / "crisis_lines.yaml").read_text(encoding="utf-8"))
    return lines


def _page(sections: Sequence[Section], classes: Sequence[str]) -> dict[str, Any]:
    """The data that the page's script reads."""
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
        return {"records": [], "parts": {}}
    aspects = {"language": "Language", "source": "Source", "windows": "Windows that a text was read in"}
    return {
        "records": record_lines(models),
        "parts": {title: composition_lines(models, aspect) for aspect, title in aspects.items()},
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

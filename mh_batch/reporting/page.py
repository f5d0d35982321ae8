"""The page for people: one HTML file that needs nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from mh_batch.reporting.assets import chart_script, crisis_lines, template
from mh_batch.reporting.books import keep_books
from mh_batch.reporting.charts import FEW_DOCUMENTS, Frame, Spec, language_chart, time_chart, top_of_scale
from mh_batch.reporting.views import LANGUAGES_SHOWN, ModelView, Share, first_period_shown, side_by_side, view_model
from mh_batch.settings import Period

_PANEL_HEIGHT = 130


@dataclass(frozen=True)
class Section:
    """One model's part of the page; a chart is None, and panels are empty, where there is nothing to draw."""

    model: Mapping[str, Any]
    view: ModelView
    over_time: Spec | None
    by_language: Spec | None
    panels: dict[str, Spec]

    def charts(self, number: int) -> Iterator[tuple[str, Spec]]:
        """Yield the charts under the names that the template places them by; `number` is the section's, from 1."""
        if self.over_time:
            yield f"time-{number}", self.over_time
        if self.by_language:
            yield f"language-{number}", self.by_language
        for panel, spec in enumerate(self.panels.values(), 1):
            yield f"panel-{number}-{panel}", spec


def render_page(table: pa.Table, manifest: Mapping[str, Any], period: Period) -> str:
    """Return the report as self-contained HTML.

    Args:
        table: All models' rows, under the contract `prevalence`.
        manifest: The run's manifest.
        period: What the table's dates are grouped by.
    """
    since = first_period_shown(table)
    models = manifest["models"]
    views = [view_model(table, model, since) for model in models]
    labels = tuple(dict.fromkeys(label for view in views for label in view.indicators))
    sections = [_section(model, view, labels, period) for model, view in zip(models, views, strict=True)]
    return template().render(
        run=manifest,
        sections=sections,
        charts={name: spec for number, section in enumerate(sections, 1) for name, spec in section.charts(number)},
        period=period,
        since=since,
        books=keep_books(manifest["counts"], [model["name"] for model in models]),
        crisis=crisis_lines(),
        script=chart_script(),
        few_documents=FEW_DOCUMENTS,
        languages_shown=LANGUAGES_SHOWN,
        side_by_side=side_by_side,
    )


def _section(model: Mapping[str, Any], view: ModelView, labels: tuple[str, ...], period: Period) -> Section:
    over_time, by_language = _indicators(view.over_time, view), _indicators(view.by_language, view)
    several, dated = len(view.languages) > 1, bool(over_time)
    return Section(
        model=model,
        view=view,
        over_time=time_chart(over_time, period, _frame(over_time, labels)) if dated else None,
        by_language=_by_language(by_language, labels) if several or not dated else None,
        panels=_panels(view, labels, period) if several and dated else {},
    )


def _by_language(shares: list[Share], labels: tuple[str, ...]) -> Spec | None:
    return language_chart(shares, _frame(shares, labels)) if shares else None


def _panels(view: ModelView, labels: tuple[str, ...], period: Period) -> dict[str, Spec]:
    series = {language: _indicators(shares, view) for language, shares in view.by_language_over_time.items()}
    common = _frame([share for shares in series.values() for share in shares], labels)
    frame = replace(common, height=_PANEL_HEIGHT, legend=False)
    return {language: time_chart(shares, period, frame) for language, shares in series.items() if shares}


def _frame(shares: list[Share], labels: tuple[str, ...]) -> Frame:
    return Frame(labels, top_of_scale(shares), periods=tuple(sorted({share["period"] for share in shares})))


def _indicators(shares: list[Share], view: ModelView) -> list[Share]:
    return [share for share in shares if share["label"] in view.indicators]

"""The page: one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from mh_batch.charts.html_page import chart_script, template
from mh_batch.charts.style import LOOK, look_of
from mh_batch.evaluation.charts import EvaluationChart, charts_of
from mh_batch.evaluation.comparison import INDICATOR, labels_shown
from mh_batch.evaluation.error_rates import as_yaml
from mh_batch.evaluation.published_comparison import published_text_tables
from mh_batch.evaluation.result import Evaluation
from mh_batch.evaluation.tables import (
    TextTable,
    averages_table,
    confusion_table,
    difference_table,
    group_tables,
    overall_table,
    speed_table,
)


@dataclass(frozen=True)
class LabelPart:
    """One label's part of the page."""

    number: int
    label: str
    overall: TextTable
    confusion: TextTable
    groups: list[TextTable]
    charts: list[EvaluationChart]


def render_page(found: Evaluation) -> str:
    """Return the evaluation as self-contained HTML."""
    parts = [_part(found, label, number) for number, label in enumerate(labels_shown(found), 1)]
    specs = {chart.name: chart.spec for part in parts for chart in part.charts}
    return template("evaluation.html.j2", "mh_batch.evaluation").render(
        about=found.about,
        indicator=INDICATOR,
        notes=found.notes,
        looks=look_of([one.title for one in found.contenders]),
        parts=parts,
        averages=averages_table(found),
        differences=difference_table(found) if found.differences else None,
        speed=speed_table(found) if found.speeds else None,
        published=list(published_text_tables(found)),
        rates={title: as_yaml(rates) for title, rates in found.rates.items() if rates},
        page={"look": LOOK, "specs": specs},
        script=chart_script(),
    )


def _part(found: Evaluation, label: str, number: int) -> LabelPart:
    groups, charts = list(group_tables(found, label)), list(charts_of(found, label, number))
    return LabelPart(number, label, overall_table(found, label), confusion_table(found, label), groups, charts)

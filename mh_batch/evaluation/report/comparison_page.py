"""The comparison for people: in Markdown, and as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mh_batch.charts.html_page import chart_script, template
from mh_batch.charts.style import LOOK, look_of
from mh_batch.common.markdown import markdown_table
from mh_batch.evaluation.measures.error_rates import error_rates_as_yaml
from mh_batch.evaluation.report.label_charts import EvaluationChart, charts_of
from mh_batch.evaluation.report.published_comparison import published_text_tables
from mh_batch.evaluation.report.text_tables import (
    INDICATOR,
    TextTable,
    averages_table,
    confusion_table,
    difference_table,
    group_tables,
    overall_table,
    speed_table,
)
from mh_batch.evaluation.result import Evaluation


def labels_shown(found: Evaluation) -> list[str]:
    """Return the labels of the data that any model covers."""
    return [label for label in found.data.labels if any(label in one.labels for one in found.contenders)]


def render_markdown(found: Evaluation) -> str:
    """Return the whole comparison as Markdown."""
    return "\n\n".join(part for part in _parts(found) if part) + "\n"


def _parts(found: Evaluation) -> Iterator[str]:
    yield "# Models on labelled texts"
    yield INDICATOR
    yield "\n".join(f"- {remark}" for remark in found.remarks)
    for label in labels_shown(found):
        yield _section(overall_table(found, label))
        yield _table(confusion_table(found, label))
    if averages := averages_table(found):
        yield _section(averages)
    if found.differences:
        yield _section(difference_table(found))
    if found.speeds:
        yield _section(speed_table(found))
    yield "## Published figures"
    for published, table in published_text_tables(found):
        yield _section(table, "###")
        yield "\n\n".join(published.remarks)
    for label in labels_shown(found):
        for table in group_tables(found, label):
            yield _section(table)
    yield "## Error rates for the cards"
    for title, rates in found.rates.items():
        yield f"{title}:\n\n```yaml\n{error_rates_as_yaml(rates)}```" if rates else ""


def _section(table: TextTable, level: str = "##") -> str:
    return "\n\n".join(part for part in (f"{level} {table.title}", table.caption, _table(table)) if part)


def _table(table: TextTable) -> str:
    return markdown_table(table.header, table.rows, table.words)


@dataclass(frozen=True)
class LabelPart:
    """One label's part of the page."""

    number: int
    label: str
    overall: TextTable
    confusion: TextTable
    groups: list[TextTable]
    charts: list[EvaluationChart]


def render_evaluation_page(found: Evaluation) -> str:
    """Return the evaluation as self-contained HTML."""
    parts = [_part(found, label, number) for number, label in enumerate(labels_shown(found), 1)]
    specs = {chart.name: chart.spec for part in parts for chart in part.charts}
    return template("evaluation.html.j2", "mh_batch.evaluation").render(
        metadata=found.metadata,
        indicator=INDICATOR,
        remarks=found.remarks,
        looks=look_of([one.title for one in found.contenders]),
        parts=parts,
        averages=averages_table(found),
        differences=difference_table(found) if found.differences else None,
        speed=speed_table(found) if found.speeds else None,
        published=list(published_text_tables(found)),
        rates={title: error_rates_as_yaml(rates) for title, rates in found.rates.items() if rates},
        page={"look": LOOK, "specs": specs},
        script=chart_script(),
    )


def _part(found: Evaluation, label: str, number: int) -> LabelPart:
    groups, charts = list(group_tables(found, label)), list(charts_of(found, label, number))
    return LabelPart(number, label, overall_table(found, label), confusion_table(found, label), groups, charts)

"""The comparison in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from mh_batch.common.markdown import markdown_table
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

INDICATOR = "What a classifier says of texts is an indicator, not a diagnosis."


def labels_shown(found: Evaluation) -> list[str]:
    """Return the labels of the data that any model tells of."""
    return [label for label in found.data.labels if any(label in one.labels for one in found.contenders)]


def comparison(found: Evaluation) -> str:
    """Return the whole comparison as Markdown."""
    return "\n\n".join(part for part in _parts(found) if part) + "\n"


def _parts(found: Evaluation) -> Iterator[str]:
    yield "# Models on labelled texts"
    yield INDICATOR
    yield "\n".join(f"- {note}" for note in found.notes)
    for label in labels_shown(found):
        yield _section(overall_table(found, label))
        yield _table(confusion_table(found, label))
    if averages := averages_table(found):
        yield _section(averages)
    if found.differences:
        yield _section(difference_table(found))
    if found.speeds:
        yield _section(speed_table(found))
    yield "## Beside published figures"
    for published, table in published_text_tables(found):
        yield _section(table, "###")
        yield "\n\n".join(published.remarks)
    for label in labels_shown(found):
        for table in group_tables(found, label):
            yield _section(table)
    yield "## Error rates for the cards"
    for title, rates in found.rates.items():
        yield f"{title}:\n\n```yaml\n{as_yaml(rates)}```" if rates else ""


def _section(table: TextTable, level: str = "##") -> str:
    return "\n\n".join(part for part in (f"{level} {table.title}", table.about, _table(table)) if part)


def _table(table: TextTable) -> str:
    return markdown_table(table.header, table.rows, table.words)

"""Published figures in tables of words, with ours of the same models beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mh_batch.evaluation.contenders import Contender
from mh_batch.evaluation.published import MEASURES, PublishedFigures, PublishedTable, published_tables
from mh_batch.evaluation.result import Evaluation
from mh_batch.evaluation.tables import NOTHING, TextTable, number


def published_text_tables(found: Evaluation) -> Iterator[tuple[PublishedTable, TextTable]]:
    """Published figures, each with ours of the same model in the same form below it."""
    for table in published_tables():
        measures = list(MEASURES) if "latency_mean" in table.measures else [*table.measures, "roc_auc"]
        same = found.reproduces == table.name
        rows = [line for row in table.figures for line in _beside(found, row, measures, same)]
        header = ("model", "whose figures", *(MEASURES[name] for name in measures))
        yield table, TextTable(table.title, f"Measured on {table.data}. {table.source}", header, tuple(rows), 2)


def _beside(found: Evaluation, row: PublishedFigures, measures: Sequence[str], same: bool) -> Iterator[tuple[str, ...]]:
    ours = next((one for one in found.contenders if row.is_of(one)), None)
    whose = "published" if ours and same else "published, not reproduced here"
    printed = (number(getattr(row, name), 2 if "latency" in name else 4) for name in measures)
    yield f"{row.model}, {row.form}", whose, *printed
    if ours is not None:
        label = ours.labels[0]
        values = (_ours(found, ours, label, name) for name in measures)
        yield "", f"ours, {label}, {'the same' if same else 'other'} data", *values


def _ours(found: Evaluation, one: Contender, label: str, name: str) -> str:
    if name.startswith("latency"):
        speed = found.speeds.get(one.title)
        return number(getattr(speed.latency, name.removeprefix("latency_")), 2) if speed else NOTHING
    row = found.overall(one, label, "precision" if name == "precision_of_label" else name)
    return number(row["value"]) if row else NOTHING

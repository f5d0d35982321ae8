"""Published figures, and ours of the same models next to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from mh_batch.errors import SettingsError, nearest
from mh_batch.evaluation.contenders import Contender
from mh_batch.evaluation.report.text_tables import NOTHING, TextTable, formatted_number
from mh_batch.evaluation.result import Evaluation

# Columns of the published tables, in their order, and what they are called.
MEASURES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "precision_of_label": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC by P(class 1)",
    "roc_auc_by_predicted_class": "by predicted class",
    "latency_mean": "mean ms",
    "latency_sd": "sd ms",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedFigures(_Frozen):
    """Published figures of one model in one form; None where nothing was published."""

    model: str
    form: str
    engines: tuple[str, ...]
    precision: str
    accuracy: float | None = None
    precision_of_label: float | None = None
    recall: float | None = None
    f1: float | None = None
    roc_auc: float | None = None
    roc_auc_by_predicted_class: float | None = None
    latency_mean: float | None = None
    latency_sd: float | None = None

    def is_of(self, contender: Contender) -> bool:
        """Whether a contender is this model in this form."""
        execution = contender.execution
        return (
            contender.model.card.name == self.model
            and execution.engine in self.engines
            and execution.precision == self.precision
        )


class PublishedTable(_Frozen):
    """A published table: on which data, from where, how many rows the data has, and what must be said of it."""

    name: str
    title: str
    data: str
    source: str
    rows: int
    remarks: tuple[str, ...] = ()
    figures: tuple[PublishedFigures, ...]

    @property
    def measures(self) -> list[str]:
        """The measures that any of its rows has."""
        return [name for name in MEASURES if any(getattr(row, name) is not None for row in self.figures)]


@cache
def published_tables() -> Sequence[PublishedTable]:
    """Return the published tables of `published.yaml`."""
    text = (files("mh_batch.evaluation") / "published.yaml").read_text(encoding="utf-8")
    return [PublishedTable.model_validate(entry) for entry in yaml.safe_load(text)]


def published_table(name: str) -> PublishedTable:
    """Return the table of that name; SettingsError if there is none."""
    by_name = {table.name: table for table in published_tables()}
    if name not in by_name:
        raise SettingsError(f"no published table '{name}': {nearest(name, by_name)}")
    return by_name[name]


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
    printed = (formatted_number(getattr(row, name), 2 if "latency" in name else 4) for name in measures)
    yield f"{row.model}, {row.form}", whose, *printed
    if ours is not None:
        label = ours.labels[0]
        values = (_ours(found, ours, label, name) for name in measures)
        yield "", f"ours, {label}, {'the same' if same else 'other'} data", *values


def _ours(found: Evaluation, one: Contender, label: str, name: str) -> str:
    if name.startswith("latency"):
        speed = found.speeds.get(one.title)
        return formatted_number(getattr(speed.latency, name.removeprefix("latency_")), 2) if speed else NOTHING
    row = found.overall(one, label, "precision" if name == "precision_of_label" else name)
    return formatted_number(row["value"]) if row else NOTHING

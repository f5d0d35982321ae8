"""Published figures, and ours of the same models beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from mh_batch.errors import SettingsError, nearest
from mh_batch.evaluation.contenders import Contender

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
    """What was published of one model in one form; None where nothing was."""

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

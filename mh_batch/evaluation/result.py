"""The result of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mh_batch.evaluation.contenders import Contender, Predictions
from mh_batch.evaluation.data.labelled_data import LabelledData
from mh_batch.evaluation.measures.bootstrap import Row
from mh_batch.evaluation.measures.speed import Speed
from mh_batch.models import ErrorRate


@dataclass(frozen=True)
class Evaluation:
    """The result of one evaluation.

    Attributes:
        data: The rows that all contenders scored.
        predictions: One of each contender, over these rows.
        metrics: Rows of the table of that name; likewise `differences` and `reliability`.
        speeds: By contender's title; empty where speed was not measured.
        rates: Error rates for the card, by contender's title.
        remarks: What must be known to read the figures, in sentences.
        metadata: Settings, versions, fingerprints: what `evaluation.json` says.
        reproduces: Name of the published table whose data this is.
    """

    data: LabelledData
    predictions: Sequence[Predictions]
    metrics: Sequence[Row]
    differences: Sequence[Row]
    reliability: Sequence[Row]
    speeds: Mapping[str, Speed]
    rates: Mapping[str, Sequence[ErrorRate]]
    remarks: Sequence[str]
    metadata: Mapping[str, Any]
    reproduces: str | None

    @property
    def contenders(self) -> list[Contender]:
        """The contenders, in order."""
        return [one.contender for one in self.predictions]

    def found(self, contender: Contender, **wanted: str) -> list[Row]:
        """Return a contender's rows of `metrics` with these values."""
        wanted = {**contender.key, **wanted}
        return [row for row in self.metrics if all(row[name] == value for name, value in wanted.items())]

    def overall(self, contender: Contender, label: str, metric: str) -> Row | None:
        """Return a contender's figure over all rows, or None if it has no such figure.

        Args:
            contender: The model.
            label: Label of the data, or `all`.
            metric: As in the table `metrics`.
        """
        return next(iter(self.found(contender, label=label, metric=metric, group_kind="all")), None)

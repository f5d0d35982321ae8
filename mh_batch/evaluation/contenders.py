"""Contenders of an evaluation: models, each by one or several engines and precisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mh_batch.errors import SettingsError
from mh_batch.evaluation.label_mapping import LabelMapping
from mh_batch.evaluation.measures.metrics import Flags, Floats
from mh_batch.inference import Execution, choose_execution
from mh_batch.models import Model
from mh_batch.settings import EngineChoice, PrecisionChoice


@dataclass(frozen=True)
class Contender:
    """A model under one engine and precision, and how its outputs map to the data's labels."""

    model: Model
    execution: Execution
    mappings: tuple[LabelMapping, ...]

    @property
    def key(self) -> dict[str, str]:
        """Its columns in tables."""
        return {"model": self.model.card.name, "engine": self.execution.engine, "precision": self.execution.precision}

    @property
    def title(self) -> str:
        """Its name for people."""
        return f"{self.model.card.name}, {self.execution.engine} {self.execution.precision}"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the data that the model covers."""
        return tuple(mapping.label for mapping in self.mappings)


@dataclass(frozen=True)
class Predictions:
    """Predictions of a contender.

    Attributes:
        contender: Whose they are.
        probabilities: P(label), rows x the contender's labels.
        said: Whether the row is given the label.
        thresholds: Those chosen by a criterion; empty where the card's were used.
    """

    contender: Contender
    probabilities: Floats
    said: Flags
    thresholds: dict[str, float]


def executions_of(
    model: Model, engines: Iterable[EngineChoice], precisions: Iterable[PrecisionChoice]
) -> list[Execution]:
    """Return each pair of an engine and a precision that goes together.

    Args:
        model: To run.
        engines: To pair.
        precisions: With these.

    Raises:
        SettingsError: an engine or a precision goes with none of the others.
    """
    found: list[Execution] = []
    served: set[str] = set()
    refused: dict[str, SettingsError] = {}
    for engine, precision in product(engines, precisions):
        try:
            found.append(choose_execution(model, engine, precision))
            served |= {engine, precision}
        except SettingsError as error:
            refused |= {engine: error, precision: error}
    for name, refusal in refused.items():
        if name not in served:
            raise refusal
    return list(dict.fromkeys(found))


def predict(contender: Contender, rows: Floats, thresholds: dict[str, float]) -> Predictions:
    """Map a model's probabilities to the data's labels, and decide.

    Args:
        contender: The model.
        rows: Its probabilities, rows x labels of its card.
        thresholds: By label of the data; the card's rule where it is missing.
    """
    card = contender.model.card
    probabilities = [mapping.probability(card, rows) for mapping in contender.mappings]
    said = [
        values >= thresholds[mapping.label] if mapping.label in thresholds else mapping.said(card, rows)
        for mapping, values in zip(contender.mappings, probabilities, strict=True)
    ]
    return Predictions(contender, np.stack(probabilities, axis=1), np.stack(said, axis=1), thresholds)


def scored_by_all(scored: Sequence[Floats]) -> Flags:
    """Return the rows that every contender could score: only these compare."""
    return np.asarray(np.all([~np.isnan(rows).any(axis=1) for rows in scored], axis=0), np.bool_)

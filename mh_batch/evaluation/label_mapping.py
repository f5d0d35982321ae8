"""The mapping of a model's labels to those of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mh_batch.errors import SettingsError
from mh_batch.evaluation.measures.metrics import Flags, Floats
from mh_batch.models import ModelCard
from mh_batch.models.labels import given_labels, thresholds_of


@dataclass(frozen=True)
class LabelMapping:
    """The labels of a model that stand for one label of the data.

    Attributes:
        label: Label of the data.
        sources: Labels of the model that stand for it.
    """

    label: str
    sources: tuple[str, ...]

    @property
    def is_own(self) -> bool:
        """Whether the model itself gives the label."""
        return self.sources == (self.label,)

    def probability(self, card: ModelCard, probabilities: Floats) -> Floats:
        """Return P(label) of each row: the sum of labels that exclude each other, the highest of independent ones."""
        own = probabilities[:, [card.labels.index(source) for source in self.sources]]
        mapped = own.sum(axis=1) if card.task == "single_label" else own.max(axis=1)
        # Sums of a softmax may pass 1 by rounding.
        return np.asarray(np.minimum(mapped, 1.0), np.float64)

    def said(self, card: ModelCard, probabilities: Floats) -> Flags:
        """Return whether the model marks each row, by the thresholds of its card."""
        thresholds, sources = thresholds_of(card, {}), set(self.sources)
        return np.array(
            [not sources.isdisjoint(given_labels(card, thresholds, row)) for row in probabilities.tolist()], np.bool_
        )


def label_mappings(card: ModelCard, labels: Sequence[str]) -> list[LabelMapping]:
    """Return how a model's outputs map to the data's labels; those that it says nothing of are left out.

    The card's `indicates` decides, else a label of the same name.

    Raises:
        SettingsError: the model says nothing of any of them.
    """
    found = []
    for label in labels:
        sources = card.indicates.get(label) or ((label,) if label in card.labels else ())
        if sources:
            found.append(LabelMapping(label, tuple(sources)))
    if not found:
        raise SettingsError(
            f"{card.name} gives {', '.join(card.labels)}, the data knows {', '.join(labels)}: say on the model's card "
            f"what stands for it, such as `indicates: {{{labels[0]}: [{card.labels[-1]}]}}`, or name the data's label "
            "otherwise (--positive NAME=VALUE)"
        )
    return found

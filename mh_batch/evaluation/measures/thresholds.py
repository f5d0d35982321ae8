"""Thresholds: the probability from which a label is given, chosen by a stated criterion on rows kept for that."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mh_batch.errors import SettingsError
from mh_batch.evaluation.measures.curves import cut_counts
from mh_batch.evaluation.measures.metrics import Confusion, Flags, Floats

_FORMS = "f1, youden, precision>=0.9, recall>=0.9, or cost=5 (a miss costs five false alarms)"
_AT_LEAST = re.compile(r"(precision|recall)>=(0?\.\d+|1(?:\.0+)?)")
_COST = re.compile(r"cost=(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Criterion:
    """A criterion that a threshold is chosen by.

    Attributes:
        text: As it was given.
        value: What is to be highest, for each threshold that could be chosen; NaN where it may not be chosen.
    """

    text: str
    value: Callable[[Confusion], Floats]

    def choose(self, truth: Flags, scores: Floats) -> float:
        """Return the threshold, one of the scores; the highest of several that do equally well.

        Raises:
            SettingsError: a class is missing, or no threshold meets the criterion.
        """
        if truth.all() or not truth.any():
            raise SettingsError(f"no threshold by {self.text}: the validation rows do not hold both classes")
        cuts, positives, negatives = cut_counts(truth, scores)
        reached = Confusion(positives, negatives, positives[-1] - positives, negatives[-1] - negatives)
        values = self.value(reached)
        if np.isnan(values).all():
            raise SettingsError(f"no threshold reaches {self.text} on the validation rows")
        return float(cuts[int(np.nanargmax(values))])


def read_criterion(text: str) -> Criterion:
    """Read a criterion: `f1`, `youden`, `precision>=P`, `recall>=R` or `cost=C`.

    Youden's index is recall + specificity - 1. `precision>=P` takes the highest recall that keeps the precision, and
    the other way round. `cost=C` makes false alarms + C x misses as few as can be.

    Raises:
        SettingsError: it is none of these.
    """
    text = text.replace(" ", "")
    if text == "f1":
        return Criterion(text, lambda at: at.f1)
    if text == "youden":
        return Criterion(text, lambda at: at.recall + at.negated.recall)
    if bound := _AT_LEAST.fullmatch(text):
        kept, least = bound[1], float(bound[2])
        other = "recall" if kept == "precision" else "precision"
        return Criterion(text, lambda at: np.where(getattr(at, kept) >= least, getattr(at, other), np.nan))
    if (cost := _COST.fullmatch(text)) and float(cost[1]) > 0:
        return Criterion(text, lambda at: -(at.false_positives + float(cost[1]) * at.false_negatives))
    raise SettingsError(f"'{text}' is no criterion for a threshold: {_FORMS}")

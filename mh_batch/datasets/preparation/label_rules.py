"""Conditions on a row's values, and rules that give labels to the rows which meet them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.settings.base import Settings, Value

UNKNOWN = float("nan")


class Comparison(Settings):
    """A condition on a value; `any`, `none` and `only` read a list as a set, and one value as a set of one."""

    any: tuple[Value, ...] | None = None
    none: tuple[Value, ...] | None = None
    only: tuple[Value, ...] | None = None
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: Any) -> bool:  # noqa: ANN401 - whatever a column holds
        """Return whether all that is asked holds of the value; nothing holds of a missing one."""
        found = frozenset(_members(value))
        return (
            (self.any is None or not found.isdisjoint(self.any))
            and (self.none is None or found.isdisjoint(self.none))
            and (self.only is None or found.issubset(self.only))
            and (self.at_least is None or all(member >= self.at_least for member in found))
            and (self.at_most is None or all(member <= self.at_most for member in found))
        )


Condition = Value | tuple[Value, ...] | Comparison


class LabelRule(Settings):
    """Rows that meet every condition of `when` get the labels of `then`: one label, or labels with 1, 0 or unknown."""

    when: Mapping[str, Condition] = {}
    then: str | Mapping[str, Literal[0, 1, "unknown"]]


def matching(rows: pd.DataFrame, conditions: Mapping[str, Condition]) -> npt.NDArray[np.bool_]:
    """Return which rows meet all conditions: a value equals the one given, is one of several, or compares as asked."""
    met = np.ones(len(rows), dtype=np.bool_)
    for column, condition in conditions.items():
        met &= np.array([_meets(value, condition) for value in rows[column]], dtype=np.bool_)
    return met


def apply_label_rules(rows: pd.DataFrame, rules: Sequence[LabelRule], labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return a row of 1, 0 or NaN (unknown) for each row, one column a label.

    The first rule that matches a row and names a label decides that label. A rule whose `then` is one label
    denies all others.

    Args:
        rows: The rows, under the source's own names.
        rules: The rules, in the order in which they are tried.
        labels: The labels, in the order of the result's columns.
    """
    claims = np.full((len(rows), len(labels)), UNKNOWN)
    decided = np.zeros((len(rows), len(labels)), dtype=np.bool_)
    for rule in rules:
        met = matching(rows, rule.when)
        for label, claim in _claims(rule, labels):
            place = labels.index(label)
            new = met & ~decided[:, place]
            claims[new, place] = claim
            decided[new, place] = True
    return claims


def _claims(rule: LabelRule, labels: Sequence[str]) -> Iterable[tuple[str, float]]:
    if isinstance(rule.then, str):
        return [(label, float(label == rule.then)) for label in labels]
    return [(label, UNKNOWN if claim == "unknown" else float(claim)) for label, claim in rule.then.items()]


def _meets(value: Any, condition: Condition) -> bool:  # noqa: ANN401 - whatever a column holds
    if isinstance(condition, Comparison):
        return not _missing(value) and condition.holds(value)
    wanted = condition if isinstance(condition, tuple) else (condition,)
    return not _missing(value) and not isinstance(value, list | np.ndarray) and value in wanted


def _members(value: Any) -> Iterable[Any]:  # noqa: ANN401 - whatever a column holds
    return value if isinstance(value, list | tuple | np.ndarray) else (value,)


def _missing(value: Any) -> bool:  # noqa: ANN401 - whatever a column holds
    return value is None or (isinstance(value, float) and np.isnan(value))

"""The figure of a group that charts and tables lead with: the adjusted prevalence where there is one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import compute as pc

Row = dict[str, Any]

# Below this an interval near one half is wider than a quarter of the scale; also the lowest threshold of
# Mangalik et al. (2024) for an estimate of a place in a week.
FEW = 50


@dataclass(frozen=True)
class Measure:
    """A figure with its interval in the columns `<column>`, `<column>_low` and `<column>_high` of `prevalence`.

    Attributes:
        unit: What a scale says that shows it.
    """

    column: str
    unit: str

    @property
    def columns(self) -> tuple[str, str, str]:
        """The columns of the figure and of the ends of its interval."""
        return self.column, f"{self.column}_low", f"{self.column}_high"


PREVALENCE = Measure("prevalence", "prevalence, adjusted")
SHARE = Measure("share", "share marked by the classifier")
ANY_POSITIVE = Measure("any_positive", "share of authors with any marked text")


def measures_of(rows: pa.Table, labels: Sequence[str], private: bool) -> dict[str, Measure]:
    """Return what to show of each label of one model.

    Args:
        rows: The model's rows, under the contract `prevalence`.
        labels: The model's labels.
        private: Whether only authors are counted, with noise (differential privacy).
    """
    if private:
        return dict.fromkeys(labels, ANY_POSITIVE)
    known = rows.filter(pc.is_valid(pc.field(PREVALENCE.column)))["label"].unique().to_pylist()
    return {label: PREVALENCE if label in known else SHARE for label in labels}


def unit_of(measures: Iterable[Measure]) -> str:
    """Return what a scale says that shows all of these."""
    units = list(dict.fromkeys(measure.unit for measure in measures))
    return units[0] if len(units) == 1 else "prevalence, or share marked"


def measured(row: Row, measures: Mapping[str, Measure]) -> Row:
    """Return the row with `value`, `low` and `high` of its label's measure, and whether it rests on few authors."""
    figures = (row[column] for column in measures[row["label"]].columns)
    return {**row, **dict(zip(("value", "low", "high"), figures, strict=True)), "few": _is_few(row)}


def _is_few(row: Row) -> bool:
    """Counted by texts where the corpus names no authors."""
    size = row["authors"] or row["documents"]
    return bool(size) and size < FEW

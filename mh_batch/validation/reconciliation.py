"""Reconciliation: every row that was read is scored or rejected, for each model."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Books:
    """Counts of one model.

    Attributes:
        model: Name of the model.
        read: Rows that the inputs hold, counted apart from the run.
        scored: Rows of its scores table.
        rejected: Rows rejected for all models and for this one, by reason.
    """

    model: str
    read: int
    scored: int
    rejected: Mapping[str, int]

    @property
    def missing(self) -> int:
        """Rows that were read and are neither scored nor rejected; negative if rows were counted twice."""
        return self.read - self.scored - sum(self.rejected.values())

    def problem(self) -> str | None:
        """Return what does not balance, or None."""
        if self.missing == 0:
            return None
        return (
            f"{self.model}: {self.read:,} rows read, but {self.scored:,} scored and "
            f"{sum(self.rejected.values()):,} rejected ({self.missing:+,} unaccounted for)"
        )

"""The books of a run: what became of every row that was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One line of the books, with a count per model; `kind` is `sum`, `part` or `detail`."""

    name: str
    kind: str
    numbers: tuple[int, ...]


def keep_books(counts: Mapping[str, Any], models: list[str]) -> list[Entry]:
    """Return the lines of the books, one column per model.

    Args:
        counts: The manifest's `counts`.
        models: Names of the models, in the order of the columns.
    """
    own = [counts["models"][model] for model in models]
    reasons = sorted({*counts["rejected"], *(reason for model in own for reason in model["rejected"])})
    rejected = {reason: tuple(_rejected(counts, model, reason) for model in own) for reason in reasons}
    read, scored = tuple(counts["read"] for _ in own), tuple(model["scored"] for model in own)
    lost = tuple(r - s - sum(column) for r, s, column in zip(read, scored, _columns(rejected, own), strict=True))
    return [
        Entry("Documents read", "sum", read),
        Entry("Scored", "sum", scored),
        *(Entry(f"Rejected: {reason.replace('_', ' ')}", "part", numbers) for reason, numbers in rejected.items()),
        Entry("Read, less scored and rejected", "sum", lost),
        Entry("Windows that the texts were read in", "detail", tuple(model["windows"] for model in own)),
        Entry("Documents read in more than one window", "detail", tuple(m["windowed_documents"] for m in own)),
        Entry("Duplicate texts, scored once and counted each time", "detail", tuple(m["duplicate_texts"] for m in own)),
    ]


def _rejected(counts: Mapping[str, Any], model: Mapping[str, Any], reason: str) -> int:
    total: int = counts["rejected"].get(reason, 0) + model["rejected"].get(reason, 0)
    return total


def _columns(rejected: Mapping[str, tuple[int, ...]], models: list[Any]) -> list[list[int]]:
    return [[numbers[index] for numbers in rejected.values()] for index in range(len(models))]

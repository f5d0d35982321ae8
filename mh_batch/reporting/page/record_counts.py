"""Lines of counts, one column for each model: what became of every row, and what the scored texts are like."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mh_batch.reporting.page.leading_measures import Row
from mh_batch.reporting.page.words import group_name

_Cells = Mapping[tuple[str, str], Row]


@dataclass(frozen=True)
class CountLine:
    """One line of counts, one for each model; `kind` is `sum`, `part` or `detail`.

    A count is None where it is not known, and the words for it where it is suppressed.
    """

    name: str
    kind: str
    numbers: tuple[int | str | None, ...]


def record_lines(models: Sequence[Sequence[Row]]) -> list[CountLine]:
    """Return what became of every row that was read: scored, or rejected with a reason.

    Args:
        models: Each model's rows of `quality`.
    """
    cells = [_cells(rows) for rows in models]
    read, scored = _line(cells, "read", "all"), _line(cells, "scored", "all")
    reasons = {reason: _line(cells, "rejected", reason, 0) for reason in sorted(_values(models, "rejected"))}
    left = tuple(_left(*column) for column in zip(read, scored, *reasons.values(), strict=True))
    return [
        CountLine("Texts read", "sum", read),
        CountLine("Scored", "sum", scored),
        *(CountLine(f"Rejected: {reason.replace('_', ' ')}", "part", numbers) for reason, numbers in reasons.items()),
        CountLine("Read, less scored and rejected", "sum", left),
        CountLine("Texts that are the same as another one", "detail", _line(cells, "duplicates", "all")),
        CountLine("Texts that name no author", "detail", _line(cells, "unattributed", "all")),
    ]


def composition_lines(models: Sequence[Sequence[Row]], aspect: str) -> list[CountLine]:
    """Return the scored texts by language, source or windows, in the order in which the table has them.

    Args:
        models: Each model's rows of `quality`.
        aspect: `language`, `source` or `windows`.
    """
    cells = [_cells(rows) for rows in models]
    return [
        CountLine(group_name(aspect, value), "part", _line(cells, aspect, value)) for value in _values(models, aspect)
    ]


def _cells(rows: Iterable[Row]) -> _Cells:
    return {(row["aspect"], row["value"]): row for row in rows}


def _values(models: Sequence[Sequence[Row]], aspect: str) -> list[str]:
    return list(dict.fromkeys(row["value"] for rows in models for row in rows if row["aspect"] == aspect))


def _line(
    cells: Sequence[_Cells], aspect: str, value: str, otherwise: int | None = None
) -> tuple[int | str | None, ...]:
    return tuple(_number(own.get((aspect, value)), otherwise) for own in cells)


def _number(row: Row | None, otherwise: int | None) -> int | str | None:
    if row is None:
        return otherwise
    number: int | None = row["documents"]
    return "suppressed" if row["suppressed"] else number


def _left(read: int | str | None, *parts: int | str | None) -> int | None:
    known = [part for part in parts if isinstance(part, int)]
    return read - sum(known) if isinstance(read, int) and len(known) == len(parts) else None

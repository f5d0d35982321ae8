"""Breaks in time series: a line must not cross periods that hold no figures."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from mh_batch.reporting.formats import next_period
from mh_batch.reporting.page.measures import Row
from mh_batch.settings import Period


def with_gaps(rows: Sequence[Row], period: Period) -> list[Row]:
    """Return the rows with what a chart needs to break its lines where periods are missing or suppressed.

    Where the next period has no figures, a row follows whose `value` is None. Rows without a neighbour on either
    side, which no line leads through, are `alone`.

    Args:
        rows: Dated rows of one group, such as a language, with `value`.
        period: Distance of two periods that follow each other.
    """
    shown = sorted({row["period"] for row in rows if row["value"] is not None})
    runs = _runs(shown, period)
    alone = {run[0] for run in runs if len(run) == 1}
    marked = [{**row, "alone": row["period"] in alone} for row in rows]
    like = {row["label"]: row for row in rows}.values()
    marked += [{**_place(row), "period": _after(run)} for run in runs[:-1] for row in like]
    return sorted(marked, key=lambda row: (row["period"], row["label"]))


def _runs(starts: Sequence[str], period: Period) -> list[list[str]]:
    """Cut the periods where one is missing."""
    runs: list[list[str]] = [list(starts[:1])] if starts else []
    for start, following in pairwise(starts):
        if date.fromisoformat(following) > next_period(date.fromisoformat(start), period):
            runs.append([])
        runs[-1].append(following)
    return runs


def _place(row: Row) -> Row:
    return {"label": row["label"], "language": row.get("language"), "value": None}


def _after(run: Sequence[str]) -> str:
    return (date.fromisoformat(run[-1]) + timedelta(days=1)).isoformat()

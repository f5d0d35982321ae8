"""Breaks in time series: a line must not cross periods that hold no documents."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from mh_batch.reporting.views import Share
from mh_batch.settings import Period

# The longest that a period lasts, in days.
_LONGEST: dict[Period, int] = {"day": 1, "week": 7, "month": 31}


def with_gaps(shares: Sequence[Share], period: Period) -> list[dict[str, Any]]:
    """Return the shares with what a chart needs to break its lines where periods are missing.

    Where the next period is missing, a row follows whose `prevalence` is None. Rows without a neighbour on either
    side, which no line leads through, are `alone`.

    Args:
        shares: Dated shares of one language.
        period: Distance of two periods that follow each other.
    """
    runs = _runs(sorted({share["period"] for share in shares}), period)
    alone = {run[0] for run in runs if len(run) == 1}
    rows: list[dict[str, Any]] = [{**share, "alone": share["period"] in alone} for share in shares]
    labels = {share["label"] for share in shares}
    rows += [{"label": label, "period": _after(run), "prevalence": None} for run in runs[:-1] for label in labels]
    return sorted(rows, key=lambda row: (row["period"], row["label"]))


def _runs(starts: Sequence[str], period: Period) -> list[list[str]]:
    """Cut the periods where one is missing."""
    runs: list[list[str]] = [list(starts[:1])]
    for start, following in pairwise(starts):
        if (date.fromisoformat(following) - date.fromisoformat(start)).days > _LONGEST[period]:
            runs.append([])
        runs[-1].append(following)
    return runs


def _after(run: Sequence[str]) -> str:
    return (date.fromisoformat(run[-1]) + timedelta(days=1)).isoformat()

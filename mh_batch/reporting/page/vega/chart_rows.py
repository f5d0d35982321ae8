"""The rows of the charts, written once for all charts that draw them, and briefly."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any

from mh_batch.charts.formats import next_period
from mh_batch.reporting.page.leading_measures import Row
from mh_batch.reporting.page.words import group_name
from mh_batch.settings import Period

Data = dict[str, Any]

_FIGURES = ("value", "low", "high", "documents", "authors", "few", "suppressed")


def time_data(rows: Sequence[Row], period: Period) -> Data:
    """The rows over time: all languages together and each language."""
    series = groupby(rows, key=lambda row: row["language"])
    marked = [row for _, own in series for row in with_gaps(list(own), period)]
    return _compact(_once(marked, "language", "period"), ("label", "language", "period", *_FIGURES, "alone"))


def region_data(rows: Sequence[Row]) -> Data:
    """The rows over time by region, under the names that readers see."""
    named = [{**row, "region": group_name("region", row["region"])} for row in _once(rows, "region", "period")]
    return _compact(named, ("label", "region", "period", *_FIGURES))


def group_data(rows: Sequence[Row], dimension: str) -> Data:
    """The rows of the groups of a dimension; `group` is the name as readers see it, `language` what filters know."""
    named = [{**row, "group": group_name(dimension, row[dimension])} for row in _once(rows, dimension)]
    return _compact(named, ("label", "group", "language", *_FIGURES))


def score_data(rows: Sequence[Row]) -> Data:
    """Documents by bin of the probability."""
    return _compact(rows, ("label", "language", "low", "high", "documents"))


def change_data(rows: Sequence[Row]) -> Data:
    """Differences of shares since the run before, and their intervals."""
    columns = {"value": "difference", "low": "difference_low", "high": "difference_high"}
    named = [
        {**row, **{name: row[column] for name, column in columns.items()}, "group": _language(row)} for row in rows
    ]
    return _compact(named, ("label", "group", "language", "value", "low", "high", "documents", "flagged"))


def _language(row: Row) -> str:
    return group_name("language", row["language"])


def _once(rows: Iterable[Row], *key: str) -> list[Row]:
    """Keep one row of each suppressed group, whatever its label: it is drawn once."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for row in rows:
        group = tuple(row[name] for name in key)
        if row.get("suppressed") is None or group not in seen:
            kept.append(row)
            seen |= {group} if row.get("suppressed") else set()
    return kept


def _compact(rows: Iterable[Row], fields: Sequence[str]) -> Data:
    """Write rows as lists, names as their places in `words`: the same few stand in thousands of rows."""
    listed = [[_short(row.get(name)) for name in fields] for row in rows]
    named = [i for i, _ in enumerate(fields) if any(isinstance(row[i], str) for row in listed)]
    words = sorted({row[i] for row in listed for i in named if row[i] is not None})
    places = {word: place for place, word in enumerate(words)}
    for row in listed:
        for i in named:
            row[i] = None if row[i] is None else places[row[i]]
    return {"fields": list(fields), "named": [fields[i] for i in named], "words": words, "rows": listed}


def _short(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, bool):
        return int(value) or None
    return round(value, 4) if isinstance(value, float) else value


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

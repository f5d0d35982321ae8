from typing import Any

from mh_batch.reporting.page.vega import time_data
from mh_batch.reporting.page.vega.chart_rows import group_data, with_gaps


def _row(period: str, value: float | None = 0.1, high: float = 0.2, few: bool = False, **other: Any) -> dict[str, Any]:
    row = {"label": "depressed", "period": period, "language": "all", "value": value, "low": 0.05, "high": high}
    return {**row, "few": few, "suppressed": None, **other}


def _decoded(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows as the page's script reads them."""
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]
    for row in rows:
        row |= {name: None if row[name] is None else data["words"][row[name]] for name in data["named"]}
    return rows


def test_a_missing_week_breaks_the_line() -> None:
    rows = with_gaps([_row("2026-03-02"), _row("2026-03-09"), _row("2026-03-23")], "week")

    assert [(row["period"], row["value"]) for row in rows] == [
        ("2026-03-02", 0.1),
        ("2026-03-09", 0.1),
        ("2026-03-10", None),
        ("2026-03-23", 0.1),
    ]
    assert [row.get("alone") for row in rows] == [False, False, None, True]


def test_a_suppressed_week_breaks_the_line_too() -> None:
    hidden = _row("2026-03-09", value=None, suppressed="small")

    rows = with_gaps([_row("2026-03-02"), hidden, _row("2026-03-16")], "week")

    assert [row["alone"] for row in rows if row["value"] is not None] == [True, True]
    assert ("2026-03-03", None) in [(row["period"], row["value"]) for row in rows]


def test_months_of_any_length_follow_each_other() -> None:
    months = [_row("2026-01-01"), _row("2026-02-01"), _row("2026-03-01")]

    assert len(with_gaps(months, "month")) == 3


def test_a_suppressed_period_is_drawn_once_whatever_the_labels() -> None:
    hidden = [_row("2026-03-09", value=None, suppressed="small", label=label) for label in ("depressed", "anxious")]

    drawn = _decoded(time_data([_row("2026-03-02"), *hidden], "week"))

    assert [row["period"] for row in drawn if row["suppressed"]] == ["2026-03-09"]


def test_rows_are_written_briefly_and_read_back_as_they_were() -> None:
    rows = [_row("2026-03-02", value=0.123456, documents=420, authors=130), _row("2026-03-09", documents=7, authors=3)]

    drawn = _decoded(time_data(rows, "week"))

    assert [(row["label"], row["period"], row["value"], row["documents"]) for row in drawn] == [
        ("depressed", "2026-03-02", 0.1235, 420),
        ("depressed", "2026-03-09", 0.1, 7),
    ]


def test_languages_are_called_by_their_names() -> None:
    rows = [
        {**_row("all"), "language": code, "documents": 1, "authors": 1}
        for code in ("de", "unknown", "undetermined", "xx")
    ]

    drawn = _decoded(group_data(rows, "language"))

    assert [row["group"] for row in drawn] == ["German", "language unknown", "language undetermined", "xx"]

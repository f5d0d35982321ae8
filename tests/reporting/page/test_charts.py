from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest

from mh_batch.charts.style import COLORS, INK, QUIET, RAMP
from mh_batch.reporting.page.leading_measures import ANY_POSITIVE, PREVALENCE, SHARE, measures_of
from mh_batch.reporting.page.vega import Frame, heat_map, interval_chart, time_chart, time_data, top_of_scale
from mh_batch.reporting.page.vega.chart_rows import group_data, with_gaps
from mh_batch.reporting.page.views import FEWEST_PERIODS, POINTS_SHOWN, first_period_shown, view_model
from tests.reporting.page.synthetic_report import MODELS, prevalence, tables

REPORT = {"period": "week", "privacy": None}
FRAME = Frame(("depressed",), ("depressed",), "share of texts", {"all": 0.3}, ("2026-03-02", "2026-03-09"))


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


def test_the_wide_interval_of_a_small_group_does_not_stretch_the_scale() -> None:
    rows = [_row("2026-03-02", high=0.2), _row("2026-03-09", value=0.0, high=0.79, few=True)]

    assert top_of_scale(rows) == pytest.approx(0.216)


def test_a_scale_has_a_height_even_if_all_shares_are_zero_or_suppressed() -> None:
    assert top_of_scale([_row("2026-03-02", value=0.0, high=0.0, few=True)]) == 1.0
    assert top_of_scale([_row("2026-03-02", value=None)]) == 1.0


def test_dates_long_ago_reach_the_axis_unchanged() -> None:
    frame = Frame(("depressed",), ("depressed",), "share", {"all": 0.3}, ("1660-01-05", "1660-01-12"))

    spec = time_chart(frame, "time-1")

    values = spec["layer"][0]["encoding"]["x"]["axis"]["values"]
    assert values[0] == {"year": 1660, "month": 1, "date": 5, "utc": True}


@pytest.mark.parametrize(
    "spec",
    [
        time_chart(FRAME, "data"),
        heat_map(FRAME, "data", ["North"]),
        interval_chart(FRAME, "data", ["German"], "language"),
    ],
    ids=["time", "heat", "interval"],
)
def test_every_chart_hears_the_filters_and_hatches_what_is_suppressed(spec: dict[str, Any]) -> None:
    assert {"labels", "language"} <= {param["name"] for param in spec["params"]}
    assert spec["data"] == {"name": "data"}
    marks = [layer["mark"] for layer in spec["layer"]]
    assert any("url(#hatch)" in str(mark.get("fill")) for mark in marks)
    assert not {"config", "$schema"} & set(spec)


def test_the_prevalence_leads_where_it_is_known_and_the_share_elsewhere() -> None:
    table = prevalence()

    for model, labels in (
        (MODELS[1], {"depressed": PREVALENCE, "not_depressed": SHARE}),
        (MODELS[2], {"depressed": SHARE, "not_depressed": SHARE}),
    ):
        own = table.filter(pa.compute.field("model") == model["name"])
        assert measures_of(own, model["labels"], private=False) == labels
        assert set(measures_of(own, model["labels"], private=True).values()) == {ANY_POSITIVE}


def test_indicators_come_first_and_languages_by_size_with_suppressed_ones_last() -> None:
    assert view_model(tables(), MODELS[0], REPORT, None).labels == ("depressed", "anxious", "stressed", "neutral")

    languages = view_model(tables(), MODELS[1], REPORT, None).languages

    assert languages.names == ("en", "de", "fr", "it", "pt", "cy", "es")
    assert languages.suppressed == {"cy": "small", "es": "complementary"}


def test_all_periods_are_shown_where_they_fit() -> None:
    assert first_period_shown(prevalence(), "week", MODELS) is None
    assert first_period_shown(prevalence(dated=False), "week", MODELS) is None


def test_only_the_latest_periods_are_shown_where_not_all_fit() -> None:
    size = POINTS_SHOWN // 10

    assert first_period_shown(_points(size, days=30), "day", [{"name": "m"}]) == "2026-01-21"


def test_a_few_periods_are_shown_whatever_their_size() -> None:
    shown = first_period_shown(_points(POINTS_SHOWN, days=12), "day", [{"name": "m"}])

    assert shown == f"2026-01-{13 - FEWEST_PERIODS:02}"


def _points(size: int, days: int) -> pa.Table:
    count = size * days
    columns = {
        "model": ["m"] * count,
        "label": ["depressed"] * count,
        "by": ["day"] * count,
        "period": [f"2026-01-{day:02}" for day in range(1, days + 1) for _ in range(size)],
        "region": ["all"] * count,
        "documents": [100] * count,
        "authors": [50] * count,
        "suppressed": pa.nulls(count, pa.string()),
    }
    return pa.table(columns)


@pytest.mark.parametrize("color", COLORS)
def test_colours_stand_out_against_white(color: str) -> None:
    assert 1.05 / (_luminance(color) + 0.05) >= 3


@pytest.mark.parametrize("color", [INK, QUIET])
def test_words_in_charts_are_dark_enough(color: str) -> None:
    assert 1.05 / (_luminance(color) + 0.05) >= 4.5


def test_the_scale_of_the_map_darkens_step_by_step_so_that_it_reads_without_colour() -> None:
    lights = [_luminance(color) for color in RAMP]

    assert all(following < 0.75 * light for light, following in pairwise(lights))


def _luminance(color: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear: list[Any] = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

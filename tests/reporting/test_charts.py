from typing import Any

import pyarrow as pa
import pytest

from mh_batch.reporting.charts import Frame, time_chart, top_of_scale
from mh_batch.reporting.gaps import with_gaps
from mh_batch.reporting.style import COLORS
from mh_batch.reporting.views import FEWEST_PERIODS, POINTS_SHOWN, Share, first_period_shown, view_model
from tests.reporting.made_up import MODELS, prevalence


def _share(period: str, documents: int = 100, prevalence: float = 0.1, ci_high: float = 0.2) -> Share:
    return {
        "model": "m",
        "label": "depressed",
        "period": period,
        "language": "all",
        "documents": documents,
        "authors": 0,
        "positives": int(prevalence * documents),
        "prevalence": prevalence,
        "ci_low": 0.05,
        "ci_high": ci_high,
        "mean_probability": prevalence,
    }


def test_a_missing_week_breaks_the_line() -> None:
    rows = with_gaps([_share("2026-03-02"), _share("2026-03-09"), _share("2026-03-23")], "week")

    assert [(row["period"], row["prevalence"]) for row in rows] == [
        ("2026-03-02", 0.1),
        ("2026-03-09", 0.1),
        ("2026-03-10", None),
        ("2026-03-23", 0.1),
    ]
    assert [row.get("alone") for row in rows] == [False, False, None, True]


def test_months_of_any_length_follow_each_other() -> None:
    months = [_share("2026-01-01"), _share("2026-02-01"), _share("2026-03-01")]

    assert len(with_gaps(months, "month")) == 3


def test_the_wide_interval_of_a_small_group_does_not_stretch_the_scale() -> None:
    shares = [_share("2026-03-02", ci_high=0.2), _share("2026-03-09", documents=1, prevalence=0.0, ci_high=0.79)]

    assert top_of_scale(shares) == pytest.approx(0.216)


def test_a_scale_has_a_height_even_if_all_shares_are_zero() -> None:
    assert top_of_scale([_share("2026-03-02", documents=3, prevalence=0.0)]) == 1.0


def test_dates_long_ago_reach_the_axis_unchanged() -> None:
    frame = Frame(("depressed",), 0.3, ("1660-01-05", "1660-01-12"))

    spec = time_chart([_share("1660-01-05"), _share("1660-01-12")], "week", frame)

    domain = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert domain[0] == {"year": 1660, "month": 1, "date": 5, "utc": True}


def test_indicators_come_first_and_languages_by_size() -> None:
    view = view_model(prevalence(), MODELS[0], None)

    assert view.labels == ("depressed", "anxious", "stressed", "neutral")
    assert view.languages == ["en", "de", "fr", "it", "pt", "es"]


def test_all_periods_are_shown_where_they_fit() -> None:
    assert first_period_shown(prevalence()) is None
    assert first_period_shown(prevalence(dated=False)) is None


def test_only_the_latest_periods_are_shown_where_not_all_fit() -> None:
    size = POINTS_SHOWN // 10
    table = pa.table({"period": [f"2026-01-{day:02}" for day in range(1, 31) for _ in range(size)]})

    assert first_period_shown(table) == "2026-01-21"


def test_a_few_periods_are_shown_whatever_their_size() -> None:
    table = pa.table({"period": [f"2026-01-{day:02}" for day in range(1, 13) for _ in range(POINTS_SHOWN)]})

    assert first_period_shown(table) == f"2026-01-{13 - FEWEST_PERIODS:02}"


@pytest.mark.parametrize("color", COLORS)
def test_colours_stand_out_against_white(color: str) -> None:
    assert 1.05 / (_luminance(color) + 0.05) >= 3


def _luminance(color: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear: list[Any] = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

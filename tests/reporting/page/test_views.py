import pyarrow as pa

from mh_batch.reporting.page.views import FEWEST_PERIODS, POINTS_SHOWN, first_period_shown, view_model
from tests.reporting.page.synthetic_report import MODELS, prevalence, tables

REPORT = {"period": "week", "privacy": None}


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

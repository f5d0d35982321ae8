"""The scores below are few enough to count by hand; the expected figures are that count."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from mh_batch.contracts import load_contract
from mh_batch.reporting.counting.aggregates import BINS, UNIT, Counts, count_scores, known_dimensions
from mh_batch.reporting.groupings import DIMENSIONS, crossings, known_crossings, name_of
from mh_batch.settings import Period

pytestmark = pytest.mark.spark

LABELS = ("neutral", "depressed")
CROSSINGS = [(), ("period",), ("language",), ("period", "language")]
MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
LONG_AGO = datetime(1660, 1, 1, 0, 0, tzinfo=UTC)

# (author, date, language, probability of `depressed`, whether it carries the label)
ROWS: list[tuple[str | None, datetime | None, str | None, float, bool]] = [
    ("ada", MONDAY, "en", 0.9, True),
    ("ada", datetime(2026, 3, 8, 12, 0, tzinfo=UTC), "en", 0.2, False),
    ("ben", datetime(2026, 3, 8, 23, 59, tzinfo=UTC), "de", 0.7, True),
    ("ada", SUNDAY_NIGHT, "en", 0.1, False),
    (None, LONG_AGO, "en", 0.6, True),
    ("cem", None, None, 0.3, False),
]


@pytest.fixture(scope="module")
def scores(spark: SparkSession) -> DataFrame:
    rows = [_score(index, *row) for index, row in enumerate(ROWS)]
    return spark.createDataFrame(rows, load_contract("scores").for_labels(LABELS).spark_schema())


def _score(
    index: int, author: str | None, date: datetime | None, language: str | None, probability: float, positive: bool
) -> tuple[Any, ...]:
    labels = ["depressed"] if positive else ["neutral"]
    return (f"d{index}", author, date, language, None, None, 1 - probability, probability, labels, labels[0], 5, 1, "k")


def counted(scores: DataFrame, period: Period = "week") -> Counts:
    return count_scores(scores, LABELS, period, CROSSINGS)


def by_group(counts: Counts) -> dict[tuple[str, ...], dict[Any, Any]]:
    """Rows by crossing, period and language."""
    rows = counts.groups.to_dict("records")
    return {(name_of(CROSSINGS[row["crossing"]], "week"), row["period"], row["language"]): row for row in rows}


@pytest.fixture(scope="module")
def by_week(scores: DataFrame) -> dict[tuple[str, ...], dict[Any, Any]]:
    return by_group(counted(scores))


@pytest.mark.parametrize(
    ("by", "period", "language", "documents", "authors", "positives", "positive_authors"),
    [
        ("all", "all", "all", 6, 3, 3, 2),
        ("language", "all", "en", 4, 1, 2, 1),
        ("language", "all", "de", 1, 1, 1, 1),
        ("language", "all", "unknown", 1, 1, 0, 0),
        ("week", "2026-03-02", "all", 3, 2, 2, 2),
        ("week,language", "2026-03-02", "en", 2, 1, 1, 1),
        ("week,language", "2026-02-23", "en", 1, 1, 0, 0),
        ("week", "1659-12-29", "all", 1, 0, 1, 0),
        ("week,language", "undated", "unknown", 1, 1, 0, 0),
    ],
)
def test_groups_are_those_of_a_hand_count(
    by_week: dict[Any, Any],
    by: str,
    period: str,
    language: str,
    documents: int,
    authors: int,
    positives: int,
    positive_authors: int,
) -> None:
    row = by_week[by, period, language]

    assert (row["documents"], row["authors"]) == (documents, authors)
    assert (row["positives_1"], row["positive_authors_1"]) == (positives, positive_authors)


def test_sums_over_authors_are_those_of_a_hand_count(by_week: dict[Any, Any]) -> None:
    # Ada wrote three, one of them positive; Ben one, positive; Cem one; and a positive one names nobody.
    row = by_week["all", "all", "all"]

    assert (row["clusters"], row["squares"]) == (4, 9 + 1 + 1 + 1)
    assert (row["x2_1"], row["xn_1"]) == (1 + 1 + 0 + 1, 3 + 1 + 0 + 1)
    assert row["s1_1"] / UNIT == pytest.approx(1 / 3 + 1, abs=1e-7)
    assert row["s2_1"] / UNIT == pytest.approx(1 / 9 + 1, abs=1e-7)


def test_probabilities_are_counted_in_bins(scores: DataFrame) -> None:
    bins = counted(scores).bins
    total = bins[(bins["crossing"] == 0) & (bins["label"] == 1)]

    found = {row["bin"] / BINS: row["documents"] for row in total.to_dict("records")}
    assert found == pytest.approx({0.1: 1, 0.2: 1, 0.3: 1, 0.6: 1, 0.7: 1, 0.9: 1})
    assert total["probability"].sum() / UNIT == pytest.approx(2.8, abs=1e-7)
    assert total.groupby("rated")["positives"].sum().to_dict() == {"de": 1, "en": 2, "unknown": 0}


def test_there_is_a_row_for_each_group_with_documents_and_no_other(by_week: dict[Any, Any]) -> None:
    groups = {("2026-03-02", "en"), ("2026-03-02", "de"), ("2026-02-23", "en"), ("1659-12-29", "en")}
    groups |= {("undated", "unknown")}
    wanted = {("week,language", *group) for group in groups}
    wanted |= {("week", period, "all") for period, _ in groups} | {("language", "all", name) for _, name in groups}

    assert set(by_week) == wanted | {("all", "all", "all")}


@pytest.mark.parametrize(("period", "first_days"), [
    ("day", ["1660-01-01", "2026-03-01", "2026-03-02", "2026-03-08"]),
    ("month", ["1660-01-01", "2026-03-01"]),
])  # fmt: skip
def test_dates_are_grouped_by_their_day_or_month(scores: DataFrame, period: Period, first_days: list[str]) -> None:
    found = sorted(counted(scores, period).groups["period"].unique())

    assert found == [*first_days, "all", "undated"]


def test_counts_do_not_depend_on_partitions_or_on_the_time_zone(spark: SparkSession, scores: DataFrame) -> None:
    expected = counted(scores)
    zone = spark.conf.get("spark.sql.session.timeZone", "UTC")
    assert zone
    spark.conf.set("spark.sql.session.timeZone", "Pacific/Kiritimati")
    try:
        found = counted(scores.repartition(3))
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    pd.testing.assert_frame_equal(found.groups, expected.groups)
    keys = ["crossing", *DIMENSIONS, "rated", "label", "bin"]
    pd.testing.assert_frame_equal(
        found.bins.sort_values(keys, ignore_index=True), expected.bins.sort_values(keys, ignore_index=True)
    )


def test_a_language_that_the_corpus_calls_all_is_not_mistaken_for_the_total(scores: DataFrame) -> None:
    found = by_group(counted(scores.replace("en", "all", subset=["language"])))

    assert found["all", "all", "all"]["documents"] == 6
    assert found["language", "all", "unknown"]["documents"] == 5


def test_no_scores_give_no_groups(scores: DataFrame) -> None:
    none = counted(scores.where("false"))

    assert none.groups.empty
    assert none.bins.empty


def test_a_dimension_without_any_value_forms_no_groups(scores: DataFrame) -> None:
    known = known_dimensions(scores)

    assert known == ["period", "language"]
    assert known_crossings(crossings(["region,week", "language,week"], "week"), known) == CROSSINGS

"""The scores below are few enough to count by hand; the expected figures are that count."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from mh_batch.reporting.aggregates import prevalence_table
from mh_batch.settings import Period
from mh_batch.validation import load_contract

pytestmark = pytest.mark.spark

LABELS = ("neutral", "depressed")
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


@pytest.fixture(scope="module")
def by_week(scores: DataFrame) -> dict[tuple[str, ...], dict[str, Any]]:
    rows = prevalence_table(scores, "m", LABELS, "week").to_pylist()
    return {(row["label"], row["period"], row["language"]): row for row in rows}


@pytest.mark.parametrize(
    ("period", "language", "documents", "authors", "positives", "mean"),
    [
        ("all", "all", 6, 3, 3, 2.8 / 6),
        ("all", "en", 4, 1, 2, 1.8 / 4),
        ("all", "de", 1, 1, 1, 0.7),
        ("all", "unknown", 1, 1, 0, 0.3),
        ("2026-03-02", "all", 3, 2, 2, 1.8 / 3),
        ("2026-03-02", "en", 2, 1, 1, 1.1 / 2),
        ("2026-02-23", "en", 1, 1, 0, 0.1),
        ("1659-12-29", "all", 1, 0, 1, 0.6),
        ("undated", "unknown", 1, 1, 0, 0.3),
    ],
)
def test_groups_and_totals_are_those_of_a_hand_count(
    by_week: dict[Any, Any], period: str, language: str, documents: int, authors: int, positives: int, mean: float
) -> None:
    row = by_week["depressed", period, language]

    assert (row["documents"], row["authors"], row["positives"]) == (documents, authors, positives)
    assert row["prevalence"] == positives / documents
    assert row["mean_probability"] == pytest.approx(mean, abs=1e-8)
    assert 0 <= row["ci_low"] <= row["prevalence"] <= row["ci_high"] <= 1


def test_there_is_a_row_for_each_group_with_documents_and_no_other(by_week: dict[Any, Any]) -> None:
    groups = {("2026-03-02", "en"), ("2026-03-02", "de"), ("2026-02-23", "en"), ("1659-12-29", "en")}
    groups |= {("undated", "unknown")}
    totals = (
        {(period, "all") for period, _ in groups} | {("all", language) for _, language in groups} | {("all", "all")}
    )

    assert set(by_week) == {(label, *group) for label in LABELS for group in groups | totals}


@pytest.mark.parametrize(("period", "first_days"), [
    ("day", ["1660-01-01", "2026-03-01", "2026-03-02", "2026-03-08"]),
    ("month", ["1660-01-01", "2026-03-01"]),
])  # fmt: skip
def test_dates_are_grouped_by_their_day_or_month(scores: DataFrame, period: Period, first_days: list[str]) -> None:
    found = prevalence_table(scores, "m", LABELS, period)["period"].unique().to_pylist()

    assert found == [*first_days, "all", "undated"]


def test_the_table_keeps_its_contract_and_its_order(scores: DataFrame) -> None:
    table = prevalence_table(scores, "m", LABELS, "week")

    assert table.schema == load_contract("prevalence").arrow_schema()
    keys = [tuple(row.values()) for row in table.select(["model", "label", "period", "language"]).to_pylist()]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_the_table_does_not_depend_on_partitions_or_on_the_time_zone(spark: SparkSession, scores: DataFrame) -> None:
    expected = prevalence_table(scores, "m", LABELS, "week")
    zone = spark.conf.get("spark.sql.session.timeZone", "UTC")
    assert zone
    spark.conf.set("spark.sql.session.timeZone", "Pacific/Kiritimati")
    try:
        assert prevalence_table(scores.repartition(3), "m", LABELS, "week").equals(expected)
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)


def test_a_language_that_the_corpus_calls_all_is_not_mistaken_for_the_total(scores: DataFrame) -> None:
    renamed = scores.replace("en", "all", subset=["language"])

    table = prevalence_table(renamed, "m", LABELS, "week").to_pylist()

    totals = [row for row in table if (row["label"], row["period"], row["language"]) == ("depressed", "all", "all")]
    assert [row["documents"] for row in totals] == [6]


def test_no_scores_give_an_empty_table(scores: DataFrame) -> None:
    table = prevalence_table(scores.where("false"), "m", LABELS, "week")

    assert table.num_rows == 0
    assert table.schema == load_contract("prevalence").arrow_schema()

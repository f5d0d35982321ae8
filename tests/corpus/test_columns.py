"""Dates as ISO 8601 writes them; what they mean is what dateutil reads in them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.parser import isoparse
from pyspark.sql import SparkSession, functions as F

from mh_batch.corpus.columns import read_timestamp

pytestmark = pytest.mark.spark

WRITTEN = [
    "20260301",
    "2026060",
    "2026-060",
    "2024-366",
    "2026-W09-7",
    "2026W097",
    "2026-W09",
    "2026W09",
    "2020-W53-5",
    "2026-W01-1",
    "20260301T101500Z",
    "20260301T1015",
    "20260301T10",
    "20260301 101500",
    "20260301T101500.5+0530",
    "20260301T101500-05",
    "2026-03-01T10:15:00,123Z",
    "2026-03-01T10:15:00,123456789+02:00",
    "2026-03-01T10:15+01",
    "2026-03-01T10:15:00+0100",
    "2026-W09-7T23:30:00-01:00",
    "2026-060T10:15:00Z",
    "2026-03-01T24:00:00",
    "2026-03-01T24:00",
    "2026-12-31T24:00:00.000Z",
    "20240228T240000+02:00",
    "2026-W53-7T24:00:00Z",
    "2026-03-01",
    "2026-03-01T10:15:00Z",
    "2026-03-01 10:15:00",
    "2026-03",
    "2026",
]

NONSENSE = [
    "20260231",
    "2026-0301",
    "202603-01",
    "202603",
    "2026-000",
    "2026-366",
    "2026-W00-1",
    "2026-W54-1",
    "2025-W53-1",
    "2026-W09-0",
    "2026-W09-8",
    "2026-W9-7",
    "20260301T25",
    "20260301T1060",
    "20260301T10:1500",
    "2026-03-01T24:00:01",
    "2026-03-01T24:00:00,5",
    "2026-03-01T24:01",
    "2026-03-01T10:15:00,",
    "20260301T101500+25",
    "1772359200",
    "17723592000",
    "20260301 at noon",
    "on 20260301",
    "9999-12-31T24:00:00Z",
    "00000101",
]


def read(spark: SparkSession, written: list[str]) -> dict[str, datetime | None]:
    stamp = read_timestamp(F.col("written"))
    known = F.when(F.year(stamp).between(1, 9999), F.unix_micros(stamp)).alias("at")
    rows = spark.createDataFrame([(text,) for text in written], "written string").select("written", known).collect()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return {row[0]: None if row[1] is None else epoch + timedelta(microseconds=row[1]) for row in rows}


def as_dateutil_reads(text: str) -> datetime:
    read: datetime = isoparse(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def test_dates_mean_what_iso_8601_says(spark: SparkSession) -> None:
    assert isoparse("2026-W53-7").date() == date(2027, 1, 3)
    assert read(spark, WRITTEN) == {text: as_dateutil_reads(text) for text in WRITTEN}


def test_what_is_no_date_of_iso_8601_is_none(spark: SparkSession) -> None:
    assert read(spark, NONSENSE) == dict.fromkeys(NONSENSE)


def test_weeks_and_days_of_the_year_are_right_at_the_ends_of_years(spark: SparkSession) -> None:
    days = [date(year, 12, 28) + timedelta(days=n) for year in range(1998, 2034) for n in range(8)]
    for form in ("%G-W%V-%u", "%GW%V%u", "%Y-%j", "%Y%j"):
        expected = {day.strftime(form): datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days}
        assert read(spark, list(expected)) == expected

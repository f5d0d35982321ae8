from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from mh_batch.benchmark.job_costs import measure_lookup, measure_report

pytestmark = pytest.mark.spark


def test_a_lookup_finds_every_second_text(spark: SparkSession, tmp_path: Path) -> None:
    figures = measure_lookup(tmp_path, 20_000)
    assert figures.texts == 20_000
    assert figures.bytes > 20_000 * 16, "keys are random: 16 bytes each"
    assert figures.seconds > 0
    assert list(tmp_path.iterdir()) == []


def test_a_report_counts_every_document(spark: SparkSession, tmp_path: Path) -> None:
    figures = measure_report(tmp_path, 2000)

    assert figures.documents == 2000
    assert figures.groups > 100
    assert figures.seconds > 0
    assert list(tmp_path.iterdir()) == []

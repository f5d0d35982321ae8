from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from mh_batch.benchmark import lookup, pipeline, report

pytestmark = pytest.mark.spark


def test_every_document_passes_through_every_stage(spark: SparkSession, tmp_path: Path) -> None:
    figures = pipeline.measure_one(tmp_path, 1200)
    assert figures.documents == 1200
    assert set(figures.stages) == {
        *("examine", "look up", "tokenise", "inference", "scores", "rejected", "validate", "report"),
    }
    assert 0 < sum(figures.stages.values()) < figures.seconds
    assert list(tmp_path.iterdir()) == []


def test_a_lookup_finds_every_second_text(spark: SparkSession, tmp_path: Path) -> None:
    figures = lookup.measure_lookup(tmp_path, 20_000)
    assert figures.texts == 20_000
    assert figures.bytes > 20_000 * 16, "keys are random: 16 bytes each"
    assert figures.seconds > 0
    assert list(tmp_path.iterdir()) == []


def test_a_report_counts_every_document(spark: SparkSession, tmp_path: Path) -> None:
    figures = report.measure_report(tmp_path, 2000)

    assert figures.documents == 2000
    assert figures.groups > 100
    assert figures.seconds > 0
    assert list(tmp_path.iterdir()) == []

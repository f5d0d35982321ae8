from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from mh_batch.benchmark.pipeline import measure_one

pytestmark = pytest.mark.spark


def test_every_document_passes_through_every_stage(spark: SparkSession, tmp_path: Path) -> None:
    figures = measure_one(tmp_path, 1200)
    assert figures.documents == 1200
    assert set(figures.stages) == {
        *("examine", "look up", "tokenise", "inference", "scores", "rejected", "validate", "report"),
    }
    assert 0 < sum(figures.stages.values()) < figures.seconds
    assert list(tmp_path.iterdir()) == []

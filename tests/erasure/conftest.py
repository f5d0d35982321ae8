"""Two output roots that differ by one person, made once."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.erasure.roots import documents, others, two_nights, with_leavings


@pytest.fixture(scope="session")
def with_ada(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_leavings(two_nights(spark, tmp_path_factory.mktemp("with"), [documents(0), documents(1)]))


@pytest.fixture(scope="session")
def without_ada(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_nights(spark, tmp_path_factory.mktemp("without"), [others(documents(0)), others(documents(1))])


@pytest.fixture
def root(with_ada: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(with_ada, tmp_path / "root"))

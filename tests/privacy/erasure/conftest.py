"""A root to erase from, and one that never held who is erased."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.privacy.erasure.roots import documents, others, two_nights


@pytest.fixture(scope="session")
def without_ada(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_nights(spark, tmp_path_factory.mktemp("without"), [others(documents(0)), others(documents(1))])


@pytest.fixture
def root(with_ada: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(with_ada, tmp_path / "root"))

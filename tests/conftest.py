"""Shared fixtures: one Spark session for the whole test run, started by the first test that asks for it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from mh_batch.models import CARD_FILE, Model, locate_model

# A JVM that lives for a minute gains nothing from the slow compiler; every one that a test starts inherits this.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

# About half of the time that tests with Spark take.
_PRIVACY = {"consent", "privacy", "followup", "publishing", "test_consent.py", "test_redaction.py"}

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Interpreted and compiled.
_CODEGEN = {
    "spark.sql.codegen.wholeStage": ("false", "true"),
    "spark.sql.codegen.factoryMode": ("NO_CODEGEN", "FALLBACK"),
}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs a Spark session together, in two groups for two sessions; clusters are a third.

    A process is given groups and tests of no group as it gets free, in the order in which they stand here.
    """
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.xdist_group("cluster"))
        elif item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.xdist_group("privacy" if _PRIVACY & set(item.path.parts) else "spark"))


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    from mh_batch.spark.session import run_settings, start_session

    session = start_session("mh-batch tests")
    # Compiling a query takes longer than interpreting it for a few rows; commands in processes of their own compile.
    for name, (interpreted, _) in _CODEGEN.items():
        session.conf.set(name, interpreted)
    with run_settings(session):
        yield session
    session.stop()


@pytest.fixture(scope="module")
def compiled_queries(spark: SparkSession) -> Iterator[None]:
    """Let Spark compile its queries, as it does outside of tests: for many rows that takes less time."""
    for name, (_, compiled) in _CODEGEN.items():
        spark.conf.set(name, compiled)
    yield
    for name, (interpreted, _) in _CODEGEN.items():
        spark.conf.set(name, interpreted)


@pytest.fixture(scope="session")
def xlmr_mini() -> Model:
    return locate_model("xlmr-depression-mini")


@pytest.fixture(scope="session")
def longformer_mini() -> Model:
    return locate_model("longformer-mental-health-mini")


@pytest.fixture(scope="session")
def with_ada(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output root with somebody who may be erased; copy it."""
    from tests.privacy.erasure.roots import documents, two_nights, with_leavings

    return with_leavings(two_nights(spark, tmp_path_factory.mktemp("with"), [documents(0), documents(1)]))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on PATH")
    assert found, "CI must have a Chromium on PATH"
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture
def carded(xlmr_mini: Model, tmp_path: Path) -> Path:
    """A model folder that carries a card of its own."""
    folder = Path(shutil.copytree(xlmr_mini.folder, tmp_path / "my-model"))
    own = {"name": "my-own", "title": "Mine", "error_rates": ()}
    card = xlmr_mini.card.model_copy(update=own).model_dump(mode="json", exclude_defaults=True)
    (folder / CARD_FILE).write_text(yaml.safe_dump(card))
    return folder

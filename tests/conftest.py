"""Shared fixtures: one Spark session for the whole test run, started by the first test that asks for it."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from mh_batch.models import CARD_FILE, Model, locate_model
from tests.spark_settings import COMPILED, INTERPRETED, WORKER_DAEMON, jvm_options, submit_arguments

os.environ.setdefault("JAVA_TOOL_OPTIONS", jvm_options())  # every JVM that a test starts inherits it

# Spark's session takes half a minute of processor time: two processes have one. Tests outside of them fill the gaps.
_SESSIONS = 2

# How many usual tests with Spark a marked one takes as long as.
_WEIGHTS = {"cluster": 40, "slow": 20, "runs": 8}

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs a Spark session together, in groups for as many sessions; clusters without one are another group.

    Tests of one folder stay together, since they share what they look at. A process is given the group of the most
    tests that is left, and single tests of no group at the end.
    """
    folders: Counter[Path] = Counter()
    for item in items:
        if item.get_closest_marker("spark"):
            folders[_folder(item)] += max(_WEIGHTS.get(mark.name, 1) for mark in item.iter_markers())
    group_of, load = dict[Path, str](), Counter({f"spark-{number}": 0 for number in range(_SESSIONS)})
    for folder, weight in folders.most_common():
        group_of[folder] = min(load, key=lambda group: load[group])
        load[group_of[folder]] += weight
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.xdist_group(group_of[_folder(item)]))
        elif item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.xdist_group("cluster"))


def _folder(item: pytest.Item) -> Path:
    """The folder of `tests` that a test stands in, or its module where it stands in none."""
    return Path(item.path.relative_to(Path(__file__).parent).parts[0])


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    from mh_batch.spark import run_settings, start_session

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYSPARK_SUBMIT_ARGS", submit_arguments(WORKER_DAEMON))
        session = start_session("mh-batch tests")
    _set(session, INTERPRETED)  # commands in processes of their own compile
    with run_settings(session):
        yield session
    session.stop()


@pytest.fixture(scope="module")
def compiled_queries(spark: SparkSession) -> Iterator[None]:
    """Let Spark compile its queries, as it does outside of tests: for many rows that takes less time."""
    _set(spark, COMPILED)
    yield
    _set(spark, INTERPRETED)


def _set(spark: SparkSession, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        spark.conf.set(name, value)


@pytest.fixture(scope="session")
def xlmr_mini() -> Model:
    return locate_model("xlmr-depression-mini")


@pytest.fixture(scope="session")
def longformer_mini() -> Model:
    return locate_model("longformer-mental-health-mini")


@pytest.fixture(scope="session")
def with_ada(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output root with somebody who may be erased; copy it."""
    from tests.privacy.erasure.roots import documents, two_nights, with_remains

    return with_remains(two_nights(spark, tmp_path_factory.mktemp("with"), [documents(0), documents(1)]))


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

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import MagicMock

import pandas as pd
import pytest
from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession, functions as F

from mh_batch.common.redaction import spark_muted
from mh_batch.datasets.preparation.preparing import _bucket_finder
from mh_batch.evaluation.data.labelled_texts import open_labelled
from mh_batch.settings import EvaluationSettings, PrepareSettings
from mh_batch.spark import command_session, run_settings, session

LOGGERS = "DataFrameQueryContextLogger", "SQLQueryContextLogger"


class Settings:
    """A session's settings, as far as runs touch them."""

    def __init__(self) -> None:
        self.values = {"spark.sql.session.timeZone": "Asia/Tokyo"}
        self.conf = self

    def get(self, key: str, default: None) -> str | None:
        return self.values.get(key, default)

    def set(self, key: str, value: str) -> None:
        self.values[key] = value

    def unset(self, key: str) -> None:
        del self.values[key]


def test_runs_that_overlap_keep_their_settings_until_the_last_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_runs", [])
    monkeypatch.setattr(session, "_before", {})
    shared = Settings()
    first, second = run_settings(shared), run_settings(shared)  # type: ignore[arg-type]  # a stand-in
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert shared.values["spark.sql.session.timeZone"] == "UTC"
    second.__exit__(None, None, None)
    assert shared.values == {"spark.sql.session.timeZone": "Asia/Tokyo"}


def test_a_run_in_another_session_gets_the_settings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_runs", [])
    monkeypatch.setattr(session, "_before", {})
    one, other = Settings(), Settings()
    with run_settings(one), run_settings(other):  # type: ignore[arg-type]  # stand-ins
        assert one.values["spark.sql.session.timeZone"] == other.values["spark.sql.session.timeZone"] == "UTC"
    assert one.values == other.values == {"spark.sql.session.timeZone": "Asia/Tokyo"}


@pytest.mark.parametrize("name", LOGGERS)
def test_pyspark_logs_nothing_while_a_command_has_its_session(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would log what a query failed on, values and all."""
    logger = PySparkLogger.getLogger(name)
    muted_at_start: list[bool] = []

    def start(name: str) -> SparkSession:
        muted_at_start.append(logger.disabled)
        return MagicMock()

    monkeypatch.setattr(session, "start_session", start)
    with command_session("made up"):
        muted_at_start.append(logger.disabled)
    assert muted_at_start == [True, True]
    assert not logger.disabled


def test_two_commands_side_by_side_are_muted_until_both_have_ended() -> None:
    logger = PySparkLogger.getLogger(LOGGERS[0])
    first, second = spark_muted(), spark_muted()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert logger.disabled
    second.__exit__(None, None, None)
    assert not logger.disabled


def test_every_command_that_starts_spark_does_so_by_its_command_session() -> None:
    package = Path(session.__file__).parents[1]
    sources = {path.relative_to(package): path.read_text() for path in package.rglob("*.py")}
    starting = {path for path, source in sources.items() if re.search(r"start_session\(|builder\.getOrCreate", source)}
    # The benchmark's texts are made up.
    assert {path for path in starting if path.parts[0] != "benchmark"} == {Path("spark/session.py")}


@contextmanager
def evaluating(folder: Path) -> Iterator[None]:
    pd.DataFrame({"doc_id": ["a"], "text": ["x"], "label": [1]}).to_parquet(folder / "data.parquet")
    settings = EvaluationSettings(model=("made-up",), data=(str(folder),), spark=True)
    with open_labelled(settings.data, settings, []):
        yield


@contextmanager
def preparing(folder: Path) -> Iterator[None]:
    with _bucket_finder(PrepareSettings(recipe="made-up", output=folder, spark=True), 1):
        yield


class Listening(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.mark.spark
@pytest.mark.parametrize("command", [evaluating, preparing])
def test_what_a_query_of_a_command_failed_on_is_not_logged(
    command: Callable[[Path], AbstractContextManager[None]], spark: SparkSession, tmp_path: Path
) -> None:
    failing = spark.createDataFrame([("I feel empty.",)], "text string").select(F.col("text").cast("int"))
    logger, listening = PySparkLogger.getLogger(LOGGERS[0]), Listening()
    logger.addHandler(listening)
    try:
        with pytest.raises(PySparkException), command(tmp_path):
            failing.collect()
        assert not listening.records
        with pytest.raises(PySparkException):  # it would have been heard
            failing.collect()
        assert "I feel empty" in str(vars(listening.records[0]))
    finally:
        logger.removeHandler(listening)

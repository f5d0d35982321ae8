"""Sentences, names and addresses that were planted in a corpus are nowhere outside of it, whatever fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leak_search import ADDRESS, AUTHOR, DOC_ID, REGION, SOURCE
from tests.spark_settings import INTERPRETED, WORKER_DAEMON, submit_arguments
from tests.texts import PLANTED, files_with

pytestmark = [pytest.mark.spark, pytest.mark.runs]

SECRETS = (*PLANTED, AUTHOR, ADDRESS)
_LOG_TO_FILE = """
status = off
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n%ex
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands left: the corpus in `in`, outputs in `out`, and all that was logged or printed in `logs`."""
    root = tmp_path_factory.mktemp("planted")
    (root / "logs").mkdir()
    logging = root / "log4j2.properties"
    logging.write_text(_LOG_TO_FILE.format(file=root / "logs" / "spark.log"))
    conf = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (root / "logs").as_uri(),
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={logging.as_uri()}",
    }
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": submit_arguments({**conf, **INTERPRETED, **WORKER_DAEMON})}
    command = [sys.executable, "-m", "tests.leak_search", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True, env=environment)
    (root / "logs" / "stdout").write_text(done.stdout)
    (root / "logs" / "stderr").write_text(done.stderr)
    return root


def test_nothing_of_the_corpus_is_in_outputs_logs_event_log_or_metrics(root: Path) -> None:
    assert [len(files_with(root / "in" / "sound", (secret,))) for secret in SECRETS] == [1] * len(SECRETS)
    assert files_with(root / "out", SECRETS) == []
    assert files_with(root / "logs", SECRETS) == []


def test_what_the_tables_hold_by_contract_is_in_no_log(root: Path) -> None:
    for named in (DOC_ID, REGION, SOURCE):
        assert any("/scores/" in file for file in files_with(root / "out", (named,)))
        assert files_with(root / "logs", (named,)) == []


def test_each_failure_is_told_by_its_kind_and_place(root: Path) -> None:
    printed = (root / "logs" / "stdout").read_text()
    for name, code in {"sound": 0, "tokenizer": 1, "scorer": 1, "garbled": 2, "invalid": 3, "driver": 1}.items():
        assert f"{name}: exit code {code}\n" in printed
    complained = (root / "logs" / "stderr").read_text()
    assert "mh-batch: RuntimeError, after KeyError in tests/leak_search.py:" in complained
    assert "mh-batch: ValueError, after KeyError in tests/leak_search.py:" in complained
    assert "garbled.parquet: it is damaged" in complained
    assert "p_depressed: ExpectColumnValuesToBeBetween: 4 unexpected" in complained


def test_the_logs_that_were_looked_through_hold_the_failures_of_the_workers(root: Path) -> None:
    """Or else nothing would have been found in them because nothing was there."""
    events = "".join(path.read_text() for path in (root / "logs").glob("eventlog*/events*"))
    for log in (events, (root / "logs" / "spark.log").read_text()):
        for kind in ("RuntimeError", "ArrowInvalid", "PanicException"):
            assert f"WithheldError: {kind}" in log
        for module in ("tokenise_task.py", "score_task.py"):
            assert f"inference/{module}:" in log
    assert "physicalPlanDescription" in events

"""Sentences, names and addresses that were planted in a corpus are nowhere outside of it, whatever fails."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.leaking import ADDRESS, AUTHOR, DOC_ID, REGION, SOURCE
from tests.texts import PLANTED, files_with

_LOG_EVERYTHING = """
status = off
rootLogger.level = {level}
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n%ex
"""


@dataclass(frozen=True)
class Commands:
    """What commands left behind: everything under `root`, `printed` and `logs` among it; the corpus lies in `in`."""

    root: Path
    printed: str


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    root = tmp_path_factory.mktemp("leaking")
    (root / "logs").mkdir()
    logging = root / "log4j2.properties"
    logging.write_text(_LOG_EVERYTHING.format(file=root / "logs" / "spark.log", level=os.environ.get("LEVEL","info")))
    conf = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (root / "logs").as_uri(),
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={logging.as_uri()}",
    }
    submitted = " ".join(f"--conf {name}={value}" for name, value in conf.items())
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": f"{submitted} pyspark-shell"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.leaking", str(root)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env=environment,
    )
    (root / "logs" / "stdout").write_text(done.stdout)
    (root / "logs" / "stderr").write_text(done.stderr)
    return Commands(root, done.stdout + done.stderr)


def test_x(commands):
    print(commands.printed)
    print(commands.root)
    for n in (*PLANTED, AUTHOR, ADDRESS, DOC_ID, REGION, SOURCE):
        print(n, [f for f in files_with(commands.root, (n,)) if "/in/" not in f])

import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyspark
import pytest
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, open_run, score_corpus
from tests.scoring.corpora import BROKEN, sound_documents, write
from tests.texts import PLANTED, files_with

pytestmark = [pytest.mark.cluster, pytest.mark.spark]

REPOSITORY = Path(__file__).parents[2]
SPARK_HOME = Path(pyspark.__path__[0])
MODELS = ("xlmr-depression-mini", "longformer-mental-health-mini")
ZIP_VERSION = "0.1.0+zip"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start one of Spark's daemons on loopback."""
    environment = {**os.environ, "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    with log.open("wb") as stream:
        command = [str(SPARK_HOME / "bin" / "spark-class"), *arguments]
        return subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A standalone master with two workers of one core each; yields its address and the folder of all its logs."""
    logs = tmp_path_factory.mktemp("cluster")
    address = f"spark://127.0.0.1:{free_port()}"
    port = address.rsplit(":", 1)[1]
    deploy = "org.apache.spark.deploy"
    master = [f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", str(free_port())]
    worker = [f"{deploy}.worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "2g"]
    daemons = [start(logs / "master.log", *master)]
    for number in range(2):
        work = ["--work-dir", str(logs / f"work-{number}"), "--webui-port", str(free_port())]
        daemons.append(start(logs / f"worker-{number}.log", *worker, *work, address))
    try:
        wait_for_workers(logs / "master.log", 2)
        yield address, logs
    finally:
        for daemon in daemons:
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(30)


def wait_for_workers(log: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while log.read_text().count("Registering worker") < count:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.5)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `make package` makes it, its version changed so that a run tells where its code came from."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(build, check=True, capture_output=True)
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(folder / "mh_batch.zip", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "mh_batch/__init__.py":
                content = content.replace(b'__version__ = "0.1.0"', f'__version__ = "{ZIP_VERSION}"'.encode())
            target.writestr(name, content)
    return folder / "mh_batch.zip"


def submit(address: str, package: Path, events: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `jobs/score.py` by spark-submit, away from the checkout."""
    events.mkdir()
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", address, "--py-files", str(package)]
    command += ["--conf", "spark.driver.bindAddress=127.0.0.1", "--conf", "spark.driver.host=127.0.0.1"]
    command += ["--conf", "spark.eventLog.enabled=true", "--conf", f"spark.eventLog.dir={events.as_uri()}"]
    command += ["--conf", "spark.ui.enabled=false", str(REPOSITORY / "jobs" / "score.py"), *arguments]
    environment = {**os.environ, "SPARK_HOME": str(SPARK_HOME), "PYSPARK_PYTHON": sys.executable}
    return subprocess.run(
        command, cwd=events, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_a_cluster_publishes_the_scores_of_local_mode_and_logs_no_text(
    spark: SparkSession, cluster: tuple[str, Path], package: Path, tmp_path: Path
) -> None:
    address, logs = cluster
    corpus = write(tmp_path / "in" / "a.parquet", [*sound_documents(), *[row for _, row in BROKEN]])
    local = score_corpus(
        spark, ScoreSettings(input=(corpus,), output=str(tmp_path / "local"), model=MODELS, max_text_chars=10_000)
    )
    key = str(tmp_path / "local" / "pseudonym.key")
    output = tmp_path / "clustered"
    arguments = ["--input", corpus, "--output", str(output), "--model", *MODELS, "--key-file", key]
    done = submit(address, package, tmp_path / "events", *arguments, "--max-text-chars", "10000")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]

    clustered = open_run(str(output))
    assert clustered.manifest["mh_batch_version"] == ZIP_VERSION
    assert clustered.manifest["counts"] == local.manifest["counts"]
    for model in MODELS:
        expected = local.scores_pandas(model).sort_values("doc_id", ignore_index=True)
        found = clustered.scores_pandas(model).sort_values("doc_id", ignore_index=True)
        probabilities = [column for column in expected if column.startswith("p_")]
        pd.testing.assert_frame_equal(found.drop(columns=probabilities), expected.drop(columns=probabilities))
        assert np.abs(found[probabilities] - expected[probabilities]).to_numpy().max() <= 1e-6
    assert not any(text[:20] in done.stdout + done.stderr for text in PLANTED)
    for folder in (output, logs, tmp_path / "events"):
        assert files_with(folder, PLANTED) == []


def test_a_failing_job_hands_its_exit_code_to_spark_submit(
    cluster: tuple[str, Path], package: Path, tmp_path: Path
) -> None:
    arguments = ["--input", "gone.parquet", "--output", str(tmp_path / "o"), "--model", MODELS[0]]
    done = submit(cluster[0], package, tmp_path / "events", *arguments)
    assert done.returncode == 2
    assert "gone.parquet cannot be read as Parquet: there is no such file or folder" in done.stdout + done.stderr

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, open_run, score_corpus
from tests.cluster.standalone import REPOSITORY, Cluster, standalone_cluster, submit_command, submit_environment
from tests.cluster.storm import Storm
from tests.scoring.corpora import BROKEN, sound_documents, write
from tests.texts import PLANTED, files_with

pytestmark = [pytest.mark.cluster, pytest.mark.spark]

MODELS = ("xlmr-depression-mini",)
ZIP_VERSION = "0.1.0+zip"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers of one core each."""
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


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
            if name == "mh_batch/_version.py":
                content = content.replace(b'__version__ = "0.1.0"', f'__version__ = "{ZIP_VERSION}"'.encode())
            target.writestr(name, content)
    return folder / "mh_batch.zip"


def submit(
    address: str, package: Path, events: Path, *arguments: str, cores: int = 2
) -> "subprocess.CompletedProcess[str]":
    """Run `jobs/score.py` by spark-submit, away from the checkout."""
    events.mkdir()
    settings = {"spark.submit.pyFiles": str(package), "spark.cores.max": str(cores), "spark.eventLog.enabled": "true"}
    settings["spark.eventLog.dir"] = events.as_uri()
    command = submit_command(address, REPOSITORY / "jobs" / "score.py", *arguments, settings=settings)
    return subprocess.run(
        command, cwd=events, env=submit_environment(), capture_output=True, text=True, timeout=600, check=False
    )


def test_a_cluster_publishes_the_scores_of_local_mode_and_logs_no_text(
    spark: SparkSession, cluster: Cluster, package: Path, tmp_path: Path
) -> None:
    corpus = write(tmp_path / "in" / "a.parquet", [*sound_documents(), *[row for _, row in BROKEN]])
    local = score_corpus(
        spark, ScoreSettings(input=(corpus,), output=str(tmp_path / "local"), model=MODELS, max_text_chars=10_000)
    )
    key = str(tmp_path / "local" / "pseudonym.key")
    output = tmp_path / "clustered"
    arguments = ["--input", corpus, "--output", str(output), "--model", *MODELS, "--key-file", key]
    done = submit(cluster.address, package, tmp_path / "events", *arguments, "--max-text-chars", "10000")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]

    clustered = open_run(str(output))
    assert clustered.manifest["mh_batch_version"] == ZIP_VERSION
    assert clustered.manifest["counts"] == local.manifest["counts"]
    for model in MODELS:
        expected = local.scores_pandas(model).sort_values("doc_id", ignore_index=True)
        found = clustered.scores_pandas(model).sort_values("doc_id", ignore_index=True)
        probabilities = [column for column in map(str, expected) if column.startswith("p_")]
        pd.testing.assert_frame_equal(found.drop(columns=probabilities), expected.drop(columns=probabilities))
        assert np.abs(found[probabilities].to_numpy() - expected[probabilities].to_numpy()).max() <= 1e-6
    assert not any(text[:20] in done.stdout + done.stderr for text in PLANTED)
    for folder in (output, cluster.logs, tmp_path / "events"):
        assert files_with(folder, PLANTED) == []


def test_a_failing_job_hands_its_exit_code_to_spark_submit(cluster: Cluster, package: Path, tmp_path: Path) -> None:
    arguments = ["--input", "gone.parquet", "--output", str(tmp_path / "o"), "--model", MODELS[0]]
    done = submit(cluster.address, package, tmp_path / "events", *arguments, cores=1)
    assert done.returncode == 2
    assert "gone.parquet cannot be read as Parquet: there is no such file or folder" in done.stdout + done.stderr


def test_runs_that_are_killed_end_as_if_nobody_had_disturbed_them(
    spark: SparkSession, cluster: Cluster, tmp_path: Path
) -> None:
    """A small storm; `make storm` raises the whole one."""
    seed = 2026
    print(f"seed {seed}")
    raised = Storm(tmp_path, cluster, Random(seed), texts=800, seconds_per_text=0.04, pauses=(0.5, 3.0))
    raised.calm(spark)
    assert raised.round("round-1", ["python worker", "executor", "driver"]).total() == 3

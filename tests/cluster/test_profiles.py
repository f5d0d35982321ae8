"""What tasks of the inference stage are given, on a worker of four cores and two GPUs that a fake script discovers."""

import json
import math
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.faulty import NEXT_RUN
from tests.cluster.standalone import (
    REPOSITORY,
    WITH_TESTS,
    Cluster,
    standalone_cluster,
    submit_command,
    submit_environment,
)
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import ScoredText, scored_texts, side_by_side

pytestmark = pytest.mark.cluster

TASKS = 8
TEXTS = 80
CORES = 4
# The profile of all tasks for which nothing else was asked.
DEFAULT_PROFILE = 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    script = folder / "discover.sh"
    script.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["3", "5"]}'\n""")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    properties = folder / "worker.conf"
    properties.write_text(f"spark.worker.resource.gpu.amount 2\nspark.worker.resource.gpu.discoveryScript {script}\n")
    with standalone_cluster(folder, 1, CORES, ["--properties-file", str(properties)]) as cluster:
        yield cluster


@dataclass(frozen=True)
class Run:
    """The texts that the stand-in for a model scored, and the number of other tasks side by side."""

    texts: list[ScoredText]
    others: int


@pytest.fixture(scope="module")
def runs(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Two runs of one application, on both GPUs, and on the CPU with all cores for each task."""
    folder = tmp_path_factory.mktemp("profiles")
    corpus = write(folder / "in" / "a.parquet", [document(f"d{i}", f"Note {i}, a walk.") for i in range(TEXTS)])
    (folder / "events").mkdir()
    arguments, places = [corpus, str(TASKS), "0.05"], [folder / "gpus", folder / "cpus"]
    for place, changes in zip(places, [["device=cuda"], ["device=cpu", f"task_cores={CORES}"]], strict=True):
        (place / "scored").mkdir(parents=True)
        arguments += [NEXT_RUN, str(place), *changes]
    settings = {
        **WITH_TESTS,
        "spark.executor.resource.gpu.amount": "2",
        "spark.executor.cores": str(CORES),
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (folder / "events").as_uri(),
    }
    job = REPOSITORY / "tests" / "cluster" / "faulty.py"
    environment = {**submit_environment(), "PYTHONPATH": str(REPOSITORY)}
    command = submit_command(cluster.address, job, *arguments, settings=settings)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    began = [float((place / "began").read_text()) * 1000 for place in places] + [math.inf]
    first, second = (
        Run(scored_texts(place / "scored"), most_at_once(folder / "events", began[number], began[number + 1]))
        for number, place in enumerate(places)
    )
    assert len(first.texts) == len(second.texts) == TEXTS
    return first, second


def most_at_once(events: Path, after: float, before: float) -> int:
    """The most tasks of the default profile that ran at once, as Spark's event log tells.

    Args:
        events: Where the log is.
        after: Tasks launched earlier (milliseconds since 1970) do not count,
        before: nor do those launched later.
    """
    lines: list[dict[str, Any]] = [
        json.loads(line) for file in events.rglob("events_*") for line in file.read_text().splitlines()
    ]
    stages = [line["Stage Info"] for line in lines if line["Event"] == "SparkListenerStageSubmitted"]
    counted = {stage["Stage ID"] for stage in stages if stage["Resource Profile Id"] == DEFAULT_PROFILE}
    changes = []
    for line in lines:
        if line["Event"] == "SparkListenerTaskEnd" and line["Stage ID"] in counted:
            # The end that Spark notes may come after the next task has taken the place.
            launched, metrics = line["Task Info"]["Launch Time"], line["Task Metrics"]
            ended = launched + metrics["Executor Deserialize Time"] + metrics["Executor Run Time"]
            if after <= launched < before:
                changes += [(launched, 1), (ended, -1)]
    return max(accumulate(change for _, change in sorted(changes)))


def test_each_task_of_the_model_has_a_gpu_of_its_own_and_other_tasks_have_all_cores(runs: tuple[Run, Run]) -> None:
    texts, others = runs[0].texts, runs[0].others
    by_device = [[text for text in texts if text.device == device] for device in ("cuda:3", "cuda:5")]
    assert sum(map(len, by_device)) == TEXTS
    assert not any(side_by_side(mine) for mine in by_device), "two tasks shared a GPU"
    assert [len({text.process for text in mine}) for mine in by_device] == [1, 1], "a GPU had two copies of the model"
    assert side_by_side(texts), "the two GPUs worked one after the other"
    assert others == CORES


def test_tasks_of_the_model_may_have_several_cores_each(runs: tuple[Run, Run]) -> None:
    texts, others = runs[1].texts, runs[1].others
    assert {text.device for text in texts} == {"cpu"}
    assert not side_by_side(texts)
    assert others == CORES

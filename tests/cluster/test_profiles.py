"""What tasks of the inference stage are given, on a worker of four cores and two GPUs that a fake script discovers."""

import json
import stat
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.standalone import REPOSITORY, Cluster, standalone_cluster, submit_command, submit_environment
from tests.scoring.corpora import document, write
from tests.scoring.told import Told, told

pytestmark = pytest.mark.cluster

TASKS = 8
TEXTS = 80
# Profile 0 is that of all tasks for which nothing else was asked.
ALL_OTHERS = 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    script = folder / "discover.sh"
    script.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["3", "5"]}'\n""")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    properties = folder / "worker.conf"
    properties.write_text(f"spark.worker.resource.gpu.amount 2\nspark.worker.resource.gpu.discoveryScript {script}\n")
    with standalone_cluster(folder, 1, 4, ["--properties-file", str(properties)]) as cluster:
        yield cluster


def run(cluster: Cluster, folder: Path, settings: dict[str, str], *changes: str) -> tuple[list[Told], dict[int, int]]:
    """Score some texts; return what the stand-in was told, and the most tasks side by side of each profile."""
    corpus = write(folder / "in" / "a.parquet", [document(f"d{i}", f"Note {i}, a walk.") for i in range(TEXTS)])
    for name in ("told", "events"):
        (folder / name).mkdir()
    job = REPOSITORY / "tests" / "cluster" / "faulty.py"
    usual = {
        "spark.executor.cores": "4",
        "spark.executorEnv.PYTHONPATH": str(REPOSITORY),
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (folder / "events").as_uri(),
    }
    arguments = [corpus, str(folder / "out"), str(folder / "told"), str(TASKS), "0.05", *changes]
    environment = {**submit_environment(), "PYTHONPATH": str(REPOSITORY)}
    command = submit_command(cluster.address, job, *arguments, settings=usual | settings)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    texts = told(folder / "told")
    assert len(texts) == TEXTS
    return texts, side_by_side(folder / "events")


def side_by_side(events: Path) -> dict[int, int]:
    """The most tasks that ran at once, by the profile of their stage, as Spark's event log tells."""
    lines: list[dict[str, Any]] = [
        json.loads(line) for file in events.rglob("events_*") for line in file.read_text().splitlines()
    ]
    profiles = {
        line["Stage Info"]["Stage ID"]: line["Stage Info"]["Resource Profile Id"]
        for line in lines
        if line["Event"] == "SparkListenerStageSubmitted"
    }
    now: dict[int, int] = {}
    most: dict[int, int] = {}
    for line in lines:
        change = {"SparkListenerTaskStart": 1, "SparkListenerTaskEnd": -1}.get(line["Event"])
        if change is not None:
            profile = profiles[line["Stage ID"]]
            now[profile] = now.get(profile, 0) + change
            most[profile] = max(most.get(profile, 0), now[profile])
    return most


def test_each_task_of_the_model_has_a_gpu_of_its_own_and_other_tasks_have_all_cores(
    cluster: Cluster, tmp_path: Path
) -> None:
    texts, most = run(cluster, tmp_path, {"spark.executor.resource.gpu.amount": "2"}, "device=cuda")
    by_device = {device: sorted(t.began for t in texts if t.device == device) for device in {t.device for t in texts}}
    assert set(by_device) == {"cuda:3", "cuda:5"}
    for device in by_device:
        mine = sorted((t for t in texts if t.device == device), key=lambda t: t.began)
        assert all(first.ended <= second.began for first, second in pairwise(mine)), f"two tasks shared {device}"
    both = max(starts[0] for starts in by_device.values()), min(starts[-1] for starts in by_device.values())
    assert both[0] < both[1], "the two devices worked one after the other"
    assert most[ALL_OTHERS] == 4
    assert [count for profile, count in most.items() if profile != ALL_OTHERS] == [2]


def test_tasks_of_the_model_may_have_several_cores_each(cluster: Cluster, tmp_path: Path) -> None:
    texts, most = run(cluster, tmp_path, {}, "device=cpu", "task_cores=4")
    assert {text.device for text in texts} == {"cpu"}
    assert most[ALL_OTHERS] == 4
    assert [count for profile, count in most.items() if profile != ALL_OTHERS] == [1]

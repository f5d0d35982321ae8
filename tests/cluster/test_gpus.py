import stat
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cluster.standalone import REPOSITORY, standalone_cluster, submit_command, submit_environment
from tests.scoring.corpora import document, write
from tests.scoring.told import told

pytestmark = [pytest.mark.cluster, pytest.mark.spark]

TASKS = 8
TEXTS = 80


def test_each_task_of_the_model_has_a_gpu_of_its_own_and_other_tasks_have_all_cores(tmp_path: Path) -> None:
    """One worker of four cores whose discovery script, a fake one, finds two GPUs."""
    script = tmp_path / "discover.sh"
    script.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["3", "5"]}'\n""")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    properties = tmp_path / "worker.conf"
    properties.write_text(f"spark.worker.resource.gpu.amount 2\nspark.worker.resource.gpu.discoveryScript {script}\n")
    corpus = write(tmp_path / "in" / "a.parquet", [document(f"d{i}", f"Note {i}, a walk.") for i in range(TEXTS)])
    for name in ("logs", "told"):
        (tmp_path / name).mkdir()
    job = REPOSITORY / "tests" / "cluster" / "faulty.py"
    settings = {
        "spark.executor.cores": "4",
        "spark.executor.resource.gpu.amount": "2",
        "spark.executorEnv.PYTHONPATH": str(REPOSITORY),
        "spark.sql.shuffle.partitions": "4",
    }
    arguments = [corpus, str(tmp_path / "out"), str(tmp_path / "told"), str(TASKS), "0.05", "cuda"]
    environment = {**submit_environment(), "PYTHONPATH": str(REPOSITORY)}
    with standalone_cluster(tmp_path / "logs", 1, 4, ["--properties-file", str(properties)]) as cluster:
        command = submit_command(cluster.address, job, *arguments, settings=settings)
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    texts = told(tmp_path / "told")
    assert len(texts) == TEXTS
    by_device = {device: sorted(t.began for t in texts if t.device == device) for device in {t.device for t in texts}}
    assert set(by_device) == {"cuda:3", "cuda:5"}
    for device in by_device:
        mine = sorted((t for t in texts if t.device == device), key=lambda t: t.began)
        assert all(first.ended <= second.began for first, second in pairwise(mine)), f"two tasks shared {device}"
    both = max(starts[0] for starts in by_device.values()), min(starts[-1] for starts in by_device.values())
    assert both[0] < both[1], "the two devices worked one after the other"

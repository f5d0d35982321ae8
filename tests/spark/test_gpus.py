"""GPUs of one machine, in local mode: two that nobody has, for which a stand-in for the model computes."""

import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, score_corpus
from mh_batch.errors import UsageError
from mh_batch.output import OutputRoot, ScoreStore, store_statistics
from mh_batch.scoring.inference import waves
from mh_batch.spark import TaskPlan, capability, find_placement
from mh_batch.spark.gpus import Gpu, gpus_of_this_machine
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader, scored_texts, side_by_side

TEXTS = 80


def have(monkeypatch: pytest.MonkeyPatch, *devices: str) -> None:
    gpus = tuple(Gpu(device, "Fake 100", "bf16") for device in devices)
    monkeypatch.setattr(capability, "gpus_of_this_machine", lambda: gpus)


def score(spark: SparkSession, folder: Path, seconds: float = 0.02, **changes: Any) -> PublishedRun:
    corpus = write(folder / "in" / "a.parquet", [document(f"d{i}", f"Note {i}, a walk.") for i in range(TEXTS)])
    (folder / "scored").mkdir(exist_ok=True)
    given = {"input": corpus, "output": str(folder / "out"), "model": "xlmr-depression-mini", "partitions": 8}
    return score_corpus(
        spark, ScoreSettings.model_validate({**given, **changes}), load=RecordingLoader(folder / "scored", seconds)
    )


@pytest.mark.spark
def test_one_gpu_has_one_process_whatever_the_waves(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    have(monkeypatch, "cuda:0")
    monkeypatch.setattr(waves, "_FIRST_TOKENS", 40)
    run = score(spark, tmp_path)
    texts = scored_texts(tmp_path / "scored")
    assert len(texts) == TEXTS
    assert {text.device for text in texts} == {"cuda:0"}
    assert len({text.process for text in texts}) == 1
    assert not side_by_side(texts)
    [model] = run.manifest["models"]
    assert (model["device"], model["gpus"], model["precision"]) == ("cuda", ["Fake 100"], "bf16")
    assert run.manifest["throughput"][model["name"]]["model_loads"] == 1
    assert capsys.readouterr().err.startswith(f"run {run.run_id}: inference on cuda:0 (Fake 100), bf16\n")


@pytest.mark.spark
def test_two_gpus_work_side_by_side_with_a_process_each(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, "cuda:1", "cuda:2")
    monkeypatch.setattr(waves, "_FIRST_TOKENS", 40)
    run = score(spark, tmp_path)
    texts = scored_texts(tmp_path / "scored")
    by_gpu = [[text for text in texts if text.device == device] for device in ("cuda:1", "cuda:2")]
    assert sum(map(len, by_gpu)) == TEXTS
    assert [len({text.process for text in own}) for own in by_gpu] == [1, 1]
    assert not any(map(side_by_side, by_gpu))
    assert side_by_side(texts)
    assert len(run.scores_pandas()) == TEXTS
    assert spark.sparkContext._jsc.getPersistentRDDs().isEmpty(), "nothing is kept for longer than it is needed"


@pytest.mark.spark
def test_what_a_wave_scored_is_kept_when_the_next_one_fails(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, "cuda:1", "cuda:2")
    monkeypatch.setattr(waves, "_FIRST_TOKENS", 40)
    append, calls = ScoreStore.append, count()

    def failing(*arguments: Any) -> None:
        if next(calls) == 1:
            raise RuntimeError("the second wave")
        append(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(ScoreStore, "append", failing)
        with pytest.raises(RuntimeError, match="the second wave"):
            score(spark, tmp_path)
    assert spark.sparkContext._jsc.getPersistentRDDs().isEmpty()
    durable = sum(one.rows for one in store_statistics(OutputRoot.at(str(tmp_path / "out"))))
    assert 0 < durable == len(scored_texts(tmp_path / "scored")) < TEXTS
    run = score(spark, tmp_path)
    assert len(run.scores_pandas()) == TEXTS
    assert len(scored_texts(tmp_path / "scored")) == TEXTS, "what the first run scored was scored again"


def test_waves_are_small_at_first_and_then_as_long_as_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr("mh_batch.scoring.inference.waves.time.monotonic", lambda: clock)
    plan = TaskPlan(10_000_000, 1_000_000_000, 1000, {})
    found = []
    for wave in waves.waves(plan, 4):
        found.append(wave)
        clock += len(wave) * 0.5  # so many seconds for each task
    assert [len(wave) for wave in found] == [20, 180, 180, 180, 180, 180, 80]
    assert [number for wave in found for number in wave] == list(range(1000))
    assert list(waves.waves(TaskPlan(3, 12, 3, {}), 4)) == [range(3)]


@pytest.mark.spark
def test_the_cpu_computes_where_there_is_no_gpu_or_it_was_asked_to(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch)
    assert str(find_placement(spark, "auto")) == "on the CPU"
    with pytest.raises(UsageError, match="--device cuda, but this machine has no GPU"):
        find_placement(spark, "cuda")
    have(monkeypatch, "cuda:0", "cuda:1")
    assert str(find_placement(spark, "cpu")) == "on the CPU"
    assert str(find_placement(spark, "auto")) == "on cuda:0, cuda:1 (Fake 100)"


def test_a_machine_whose_gpus_are_hidden_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    gpus_of_this_machine.cache_clear()
    assert gpus_of_this_machine() == ()
    gpus_of_this_machine.cache_clear()


CLAIM = """
import sys
from pathlib import Path
from mh_batch.spark.claims import claimed_gpu
print(claimed_gpu(sys.argv[2].split(","), Path(sys.argv[1]), sys.argv[3] == "others"), flush=True)
sys.stdin.readline()
given = sys.argv[4] if len(sys.argv) > 4 else sys.argv[2]
print(claimed_gpu(given.split(","), Path(sys.argv[1]), sys.argv[3] == "others"), flush=True)
sys.stdin.readline()
"""


class Claimant:
    """A process that claims a GPU, and again when it is nudged."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-c", CLAIM, str(folder), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def gpu(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def nudge(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def test_each_process_claims_another_gpu_and_who_is_killed_lets_go(tmp_path: Path) -> None:
    first, second = Claimant(tmp_path, "cuda:0,cuda:1", "these"), Claimant(tmp_path, "cuda:0,cuda:1", "these")
    held = first.gpu(), second.gpu()
    assert sorted(held) == ["cuda:0", "cuda:1"]
    third = Claimant(tmp_path, "cuda:0,cuda:1", "these")
    first.nudge()
    assert first.gpu() == held[0], "it keeps what it has"
    second.kill()
    assert third.gpu() == held[1]
    for one in (first, third):
        one.kill()


def test_a_worker_that_keeps_its_gpu_leaves_the_one_that_spark_gave_it_to_others(tmp_path: Path) -> None:
    first = Claimant(tmp_path, "cuda:3", "others", "cuda:5")
    assert first.gpu() == "cuda:3"
    first.nudge()  # Spark gives its next task cuda:5
    assert first.gpu() == "cuda:3"
    second = Claimant(tmp_path, "cuda:3", "others")
    assert second.gpu() == "cuda:5"
    for one in (first, second):
        one.kill()

"""Kills workers, executors, Python workers and drivers at random moments, and holds every run to an undisturbed one.

`python -m tests.cluster.storm --kills 30` is the whole storm; the test suite has a small one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession

from mh_batch import open_run
from tests.cluster import faulty, standalone
from tests.cluster.standalone import Cluster, children, command_of, descendants, kill, standalone_cluster
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader, scored_texts
from tests.spark_settings import DAEMON_MODULE

TASKS = 40
_PATIENCE = 420.0
_A_MOMENT = 0.5
_WEIGHTS = {"python worker": 4, "executor": 3, "worker": 2, "driver": 2}

# Tasks that a kill can cost: the one that a Python worker had in hand, else those of both cores.
_TASKS_LOST = {"python worker": 1, "executor": 2, "worker": 2, "driver": 2}


@dataclass
class Storm:
    """One cluster, and rounds of runs on it that are disturbed until enough was killed.

    Attributes:
        folder: For corpora, outputs and logs.
        cluster: Two workers of one core each.
        dice: Chooses victims and moments.
        texts: How many are scored.
        seconds_per_text: How long the stand-in for a model takes.
        pauses: Seconds between two kills, at least and at most.
        kills: What was killed so far.
    """

    folder: Path
    cluster: Cluster
    dice: random.Random
    texts: int = 1200
    seconds_per_text: float = 0.05
    pauses: tuple[float, float] = (1.0, 10.0)
    kills: Counter[str] = field(default_factory=Counter)

    def calm(self, spark: SparkSession | None = None) -> None:
        """The run that nobody disturbs: what the others are held to. In `spark`, or on the cluster."""
        rows = [document(f"d{i}", f"Note {i}: " + "a quiet day by the lake, " * (1 + i % 7)) for i in range(self.texts)]
        self.corpus = write(self.folder / "in" / "a.parquet", [*rows, document("copy", rows[0]["text"])])
        for name in ("calm", "calm/scored"):
            (self.folder / name).mkdir()
        started = time.monotonic()
        if spark is not None:
            folder = self.folder / "calm"
            faulty.score(spark, self.corpus, str(folder / "output"), RecordingLoader(folder / "scored"), TASKS)
        else:
            assert self._start("calm").wait(_PATIENCE) == 0, self._log("calm")
        self.expected = self._scores("calm")
        assert len(self.expected) == self.texts + 1
        assert self._scored("calm") == self.texts
        _say(f"undisturbed: {self.texts} texts in {time.monotonic() - started:.0f} s")

    def round(self, name: str, kinds: Sequence[str]) -> Counter[str]:
        """Run until the end, killing these one after the other on the way; then look at what came out.

        Every second kill waits until texts are being scored: the other stages take most of so short a run.

        Returns:
            What was killed: less than was asked for if the run ended before.
        """
        (self.folder / name).mkdir()
        # The same key gives the same content keys.
        (self.folder / name / "output").mkdir()
        shutil.copy(self.folder / "calm" / "output" / "pseudonym.key", self.folder / name / "output")
        killed: Counter[str] = Counter()
        starts = 1
        deadline = time.monotonic() + _PATIENCE + 40 * len(kinds)
        driver = self._start(name)
        due = self._next_moment()
        while (code := driver.poll()) != 0:
            assert time.monotonic() < deadline, f"{name}: no end in sight\n{self._log(name)}"
            if code is not None:
                starts += 1
                driver = self._start(name)
            if killed.total() < len(kinds) and time.monotonic() > due:
                kind, scoring = kinds[killed.total()], self._scoring(name)
                if (scoring or killed.total() % 2) and self._strike(kind, driver, scoring):
                    killed[kind] += 1
                    due = self._next_moment()
            self.cluster.restart_dead_workers()
            time.sleep(0.1)
        self.kills += killed
        self._compare(name, killed, starts)
        return killed

    def _next_moment(self) -> float:
        return time.monotonic() + self.dice.uniform(*self.pauses)

    def _scoring(self, name: str) -> list[int]:
        """The Python workers that score texts at this moment."""
        files = (self.folder / name / "scored").iterdir()
        return [int(file.stem) for file in files if time.time() - file.stat().st_mtime < _A_MOMENT]

    def _strike(self, kind: str, driver: subprocess.Popen[bytes], scoring: list[int]) -> bool:
        """Kill one of a kind, if one lives; a Python worker that scores, if one does."""
        victims = self._victims(kind, driver, scoring)
        for pid in victims:
            kill(pid)
        return bool(victims)

    def _victims(self, kind: str, driver: subprocess.Popen[bytes], scoring: list[int]) -> list[int]:
        if kind == "python worker" and scoring:
            return [self.dice.choice(scoring)]
        if kind == "driver":
            # Spark's JVM and our Python below it.
            return [driver.pid, *descendants(driver.pid)]
        if kind == "worker":
            return [self.dice.choice(self.cluster.workers).pid]
        below = [pid for worker in self.cluster.workers for pid in descendants(worker.pid)]
        wanted = "CoarseGrainedExecutorBackend" if kind == "executor" else DAEMON_MODULE
        found = [pid for pid in below if wanted in command_of(pid)]
        if kind == "python worker":
            # The daemon forks the workers, which keep its name.
            by_parent = children()
            found = [pid for daemon in found for pid in by_parent.get(daemon, []) if pid in found]
        return [self.dice.choice(found)] if found else []

    def _compare(self, name: str, killed: Counter[str], starts: int) -> None:
        found = self._scores(name)
        pd.testing.assert_frame_equal(found, self.expected)
        again = self._scored(name) - self.texts
        in_flight = sum(_TASKS_LOST[kind] * count for kind, count in killed.items()) * self._largest_task()
        _say(f"{name}: {dict(killed)}, {starts} starts, {again} texts scored again of at most {in_flight} in flight")
        assert 0 <= again <= in_flight
        assert list((self.folder / name / "output" / "work").iterdir()) == []
        assert len(list((self.folder / name / "output" / "runs").iterdir())) == 1

    def _largest_task(self) -> int:
        files = (self.folder / "calm" / "output" / "store").rglob("*.parquet")
        return max(len(pd.read_parquet(file)) for file in files)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        folder = self.folder / name
        (folder / "scored").mkdir(exist_ok=True)
        job = standalone.REPOSITORY / "tests" / "cluster" / "faulty.py"
        settings = {**standalone.WITH_TESTS, "spark.sql.shuffle.partitions": "4"}
        arguments = [self.corpus, str(TASKS), str(self.seconds_per_text), faulty.NEXT_RUN, str(folder)]
        command = standalone.submit_command(self.cluster.address, job, *arguments, settings=settings)
        environment = {**standalone.submit_environment(), "PYTHONPATH": str(standalone.REPOSITORY)}
        with (folder / "driver.log").open("ab") as log:
            return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def _scores(self, name: str) -> pd.DataFrame:
        scores = open_run(str(self.folder / name / "output")).scores_pandas()
        return scores.sort_values("doc_id", ignore_index=True)

    def _scored(self, name: str) -> int:
        return len(scored_texts(self.folder / name / "scored"))

    def _log(self, name: str) -> str:
        return (self.folder / name / "driver.log").read_text(errors="replace")[-4000:]


def storm(folder: Path, kills: int, seed: int, a_round: int = 10) -> Counter[str]:
    """Raise a storm of so many kills; AssertionError if a run did not come out as the undisturbed one."""
    _say(f"seed {seed}")
    (folder / "cluster").mkdir()
    with standalone_cluster(folder / "cluster") as cluster:
        raised = Storm(folder, cluster, random.Random(seed))
        raised.calm()
        kinds = raised.dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=kills)
        number = 0
        while kinds:
            number += 1
            killed = raised.round(f"round-{number}", kinds[:a_round])
            del kinds[: killed.total()]
    return raised.kills


def _say(message: str) -> None:
    print(message, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mh-batch-storm-") as place:
        killed = storm(Path(place), given.kills, given.seed)
    print(f"{killed.total()} kills survived: {dict(killed)}")
    sys.exit(0)

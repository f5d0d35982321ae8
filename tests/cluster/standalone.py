"""A standalone Spark cluster on loopback, of processes that belong to the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

from tests.spark_settings import INTERPRETED, WORKER_DAEMON

REPOSITORY = Path(__file__).parents[2]
SPARK_HOME = Path(pyspark.__path__[0])
_DEPLOY = "org.apache.spark.deploy"

# For jobs that unpickle what stands in `tests`.
WITH_TESTS = {"spark.executorEnv.PYTHONPATH": str(REPOSITORY), **WORKER_DAEMON}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Cluster:
    """A master and its workers, each with a folder of its own for work and logs."""

    logs: Path
    cores: int = 1
    worker_settings: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[subprocess.Popen[bytes]]:
        return self.daemons[1:]

    def start(self, workers: int) -> None:
        master = ["--host", "127.0.0.1", "--port", str(self.port), "--webui-port", str(free_port())]
        self.daemons.append(self._start(self.logs / "master.log", f"{_DEPLOY}.master.Master", *master))
        for number in range(workers):
            self.daemons.append(self._start_worker(number))
        self._wait_for_workers(workers)

    def restart_dead_workers(self) -> None:
        """What a supervisor does."""
        for number, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.daemons[number + 1] = self._start_worker(number)

    def stop(self) -> None:
        for daemon in self.daemons:
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait(30)

    def _start_worker(self, number: int) -> subprocess.Popen[bytes]:
        own = ["--host", "127.0.0.1", "--cores", str(self.cores), "--memory", "2g"]
        work = ["--work-dir", str(self.logs / f"work-{number}"), "--webui-port", str(free_port())]
        log = self.logs / f"worker-{number}.log"
        return self._start(log, f"{_DEPLOY}.worker.Worker", *own, *work, *self.worker_settings, self.address)

    def _start(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
        with log.open("ab") as stream:
            command = [str(SPARK_HOME / "bin" / "spark-class"), *arguments]
            return subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment)

    def _wait_for_workers(self, count: int) -> None:
        log = self.logs / "master.log"
        deadline = time.monotonic() + 120
        while log.read_text().count("Registering worker") < count:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)


@contextmanager
def standalone_cluster(
    logs: Path, workers: int = 2, cores: int = 1, worker_settings: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Start a cluster, and stop it at the end."""
    cluster = Cluster(logs, cores, worker_settings)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()


def submit_command(address: str, job: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> list[str]:
    """How a job is submitted in client mode."""
    usual = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        **INTERPRETED,
    }
    pairs = [f"--conf={name}={value}" for name, value in {**usual, **(settings or {})}.items()]
    return [str(SPARK_HOME / "bin" / "spark-submit"), "--master", address, *pairs, str(job), *arguments]


def submit_environment() -> dict[str, str]:
    return {**os.environ, "SPARK_HOME": str(SPARK_HOME), "PYSPARK_PYTHON": sys.executable}


def children() -> dict[int, list[int]]:
    """The processes of this machine by their parent."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):  # it has just ended
                continue
            found.setdefault(parent, []).append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """The processes below one, parents before their children."""
    by_parent = children()
    found, todo = [], [pid]
    while todo:
        below = by_parent.get(todo.pop(), [])
        found += below
        todo += below
    return found


def command_of(pid: int) -> str:
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def kill(pid: int) -> None:
    """SIGKILL, unless it has ended by itself."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

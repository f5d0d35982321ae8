"""Candidates as processes of their own, measured in turns, and the environment of those that need one."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import mh_batch
from mh_batch.benchmark.candidates import process
from mh_batch.benchmark.candidates.base import Spec
from mh_batch.benchmark.candidates.process import candidate_texts
from mh_batch.errors import MhBatchError, PlatformError

OWN_PYTHON = Path(sys.executable)

_PROBE_TEXTS = 4

# How another environment's Python runs a module of this project: found last, so that its own packages come first.
_ROOT = Path(mh_batch.__file__).parent.parent
_FROM_ELSEWHERE = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)

# Candidate: what it needs besides what this project needs.
PEER_PACKAGES = {
    "cross-encoder": ("sentence-transformers==6.2.0",),
    "onnx-int8": ("onnx==1.23.2", "onnxscript==0.7.2", "onnxruntime==1.31.1"),
    "openvino": ("openvino==2026.4.1",),
    "ray-data": ("ray[data]==2.60.0",),
}


def peer_python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment in `folder`, made if it is not there.

    The environment sees this one's packages, so that all candidates share one torch and one transformers.

    Raises:
        PlatformError: the packages cannot be installed.
    """
    python, made = folder / "bin" / "python", folder / "installed"
    packages = sorted({package for needed in PEER_PACKAGES.values() for package in needed})
    if made.is_file() and made.read_text().split() == packages:
        return python
    venv.create(folder, with_pip=True, clear=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "of-mh-batch.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    installed = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", *packages], stdout=sys.stderr, stderr=sys.stderr, check=False
    )
    if installed.returncode:
        raise PlatformError(f"the peers could not be installed into {folder}; without --peers all they are left out")
    made.write_text("\n".join(packages))
    return python


@dataclass
class Result:
    """A candidate with what was measured of it.

    Attributes:
        name: Key in `CANDIDATES`.
        texts: How many texts it scored in each round; 0 if it could not start.
        seconds: One entry a round.
        probabilities: Those of its first texts, to compare candidates by.
        problem: Why it could not be measured.
    """

    name: str
    texts: int = 0
    seconds: list[float] = field(default_factory=list)
    probabilities: list[list[float]] = field(default_factory=list)
    problem: str | None = None

    @property
    def texts_per_second(self) -> float | None:
        """Median over the rounds; None if it could not be measured to the end."""
        return self.texts / median(self.seconds) if self.seconds and self.problem is None else None


def candidate_command(python: Path) -> list[str]:
    """The command by which an interpreter runs candidates; another environment's need not find this project."""
    program = ["-m"] if python == OWN_PYTHON else ["-c", _FROM_ELSEWHERE, str(_ROOT)]
    return [str(python), *program, process.__name__]


class CandidateProcess:
    """A candidate in its own process, so that no library's threads or memory disturb another's."""

    def __init__(self, name: str, spec_file: Path, python: Path, log: Path) -> None:
        """Start it.

        Args:
            name: Key in `CANDIDATES`.
            spec_file: JSON file with what all candidates are given.
            python: The interpreter that runs it.
            log: Takes what it prints besides its answers.
        """
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [*candidate_command(python), name, str(spec_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._answer()

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended already
            self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def run(self, texts: int) -> dict[str, Any]:
        """Score that many texts; return `seconds` and `probabilities`."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended: that there is no answer says so
            self._process.stdin.write(f"{texts}\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
            raise MhBatchError(f"it ended: {' '.join(last)[:300]} (see {self._log})")
        answer: dict[str, Any] = json.loads(line)
        return answer


def compete(
    names: Sequence[str],
    spec: Spec,
    folder: Path,
    python_of: Callable[[str], Path],
    rounds: int,
    round_seconds: float,
    say: Callable[[str], None],
) -> list[Result]:
    """Measure candidates in turns: each scores as many texts as take it about `round_seconds`, `rounds` times.

    Args:
        names: Keys of `CANDIDATES`.
        spec: What all of them are given.
        folder: Where their logs go.
        python_of: The interpreter that runs a candidate.
        rounds: Rounds; figures are medians over them.
        round_seconds: How long a round of one candidate should last.
        say: Takes one line of progress at a time.
    """
    spec_file = folder / "spec.json"
    spec_file.write_text(json.dumps(asdict(spec)))
    available = len(candidate_texts(Path(spec.texts)))
    results = [Result(name) for name in names]
    running: dict[str, CandidateProcess] = {}
    try:
        for result in results:
            say(f"starting {result.name}")
            try:
                candidate = CandidateProcess(
                    result.name, spec_file, python_of(result.name), folder / f"{result.name}.log"
                )
                running[result.name] = candidate
                result.texts = _texts_for(candidate, round_seconds, available)
            except MhBatchError as error:
                result.problem = str(error)
        for number in range(rounds):
            for result in [result for result in results if result.problem is None]:
                try:
                    _measure(result, running[result.name])
                except MhBatchError as error:  # one candidate's end is not the others'
                    result.problem = str(error)
                    continue
                say(f"round {number + 1} of {rounds}: {result.name} {result.texts / result.seconds[-1]:,.1f} texts/s")
    finally:
        for candidate in running.values():
            candidate.end()
    return results


def _measure(result: Result, candidate: CandidateProcess) -> None:
    answer = candidate.run(result.texts)
    result.seconds.append(answer["seconds"])
    result.probabilities = answer["probabilities"]


def _texts_for(candidate: CandidateProcess, round_seconds: float, available: int) -> int:
    """Warm up with more and more texts; return how many fill a round, whatever each call costs beforehand."""
    texts = min(_PROBE_TEXTS, available)
    seconds = float(candidate.run(texts)["seconds"])
    while texts < available:
        fewer, before = texts, seconds
        texts = min(available, 4 * texts)
        seconds = float(candidate.run(texts)["seconds"])
        if seconds - before >= round_seconds / 10:
            each = (seconds - before) / (texts - fewer)
            return min(available, texts + max(0, round((round_seconds - seconds) / each)))
    return available


def largest_difference(one: Result, other: Result) -> float | None:
    """The largest difference of probabilities that two candidates gave to the same texts.

    Texts beyond the model's longest input differ by more than rounding: the engine and the job read them in windows,
    the others cut them off.
    """
    pairs = [
        abs(a - b)
        for row, like in zip(one.probabilities, other.probabilities, strict=False)
        for a, b in zip(row, like, strict=True)
    ]
    return max(pairs, default=None)

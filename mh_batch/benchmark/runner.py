"""Contestants as processes of their own, measured in turns."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from mh_batch.benchmark import candidates as contestants
from mh_batch.benchmark.candidates import Spec
from mh_batch.errors import MhBatchError

OWN_PYTHON = Path(sys.executable)

_PROBE_TEXTS = 4


@dataclass
class Result:
    """What was measured of a contestant.

    Attributes:
        name: Key in `contestants.CONTESTANTS`.
        texts: How many texts it scored in each round; 0 if it could not start.
        seconds: One entry a round.
        probabilities: Those of its first texts, to compare contestants by.
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


class Contender:
    """A contestant in its own process, so that no library's threads or memory disturb another's."""

    def __init__(self, name: str, spec_file: Path, python: Path, log: Path) -> None:
        """Start it; what it prints besides its answers goes to `log`."""
        self._log = log
        # By its path, since another environment's Python cannot import this project.
        script = ["-m", contestants.__name__] if python == OWN_PYTHON else [contestants.__file__]
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [str(python), *script, name, str(spec_file)],
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
    """Measure contestants in turns: each scores as many texts as take it about `round_seconds`, `rounds` times.

    Args:
        names: Keys of `contestants.CONTESTANTS`.
        spec: What all of them are given.
        folder: Where their logs go.
        python_of: The interpreter that runs a contestant.
        rounds: Rounds; figures are medians over them.
        round_seconds: How long a round of one contestant should last.
        say: Told what happens.
    """
    spec_file = folder / "spec.json"
    spec_file.write_text(json.dumps(asdict(spec)))
    available = len(contestants.read_texts(Path(spec.texts)))
    results = [Result(name) for name in names]
    running: dict[str, Contender] = {}
    try:
        for result in results:
            say(f"starting {result.name}")
            try:
                contender = Contender(result.name, spec_file, python_of(result.name), folder / f"{result.name}.log")
                running[result.name] = contender
                result.texts = _texts_for(contender, round_seconds, available)
            except MhBatchError as error:
                result.problem = str(error)
        for number in range(rounds):
            for result in [result for result in results if result.problem is None]:
                try:
                    _measure(result, running[result.name])
                except MhBatchError as error:  # one contestant's end is not the others'
                    result.problem = str(error)
                    continue
                say(f"round {number + 1} of {rounds}: {result.name} {result.texts / result.seconds[-1]:,.1f} texts/s")
    finally:
        for contender in running.values():
            contender.end()
    return results


def _measure(result: Result, contender: Contender) -> None:
    answer = contender.run(result.texts)
    result.seconds.append(answer["seconds"])
    result.probabilities = answer["probabilities"]


def _texts_for(contender: Contender, round_seconds: float, available: int) -> int:
    """Warm up with more and more texts; return how many fill a round, whatever each call costs beforehand."""
    texts = min(_PROBE_TEXTS, available)
    seconds = float(contender.run(texts)["seconds"])
    while texts < available:
        fewer, before = texts, seconds
        texts = min(available, 4 * texts)
        seconds = float(contender.run(texts)["seconds"])
        if seconds - before >= round_seconds / 10:
            each = (seconds - before) / (texts - fewer)
            return min(available, texts + max(0, round((round_seconds - seconds) / each)))
    return available


def largest_difference(one: Result, other: Result) -> float | None:
    """The largest difference of probabilities that two contestants gave to the same texts.

    Texts beyond the model's longest input differ by more than rounding: the engine and the job read them in windows,
    the others cut them off.
    """
    pairs = [
        abs(a - b)
        for row, like in zip(one.probabilities, other.probabilities, strict=False)
        for a, b in zip(row, like, strict=True)
    ]
    return max(pairs, default=None)

"""A model on a device, how candidates are measured there, and the file of findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mh_batch.benchmark.device.rounds import Pace, Task, Work, measure_rounds
from mh_batch.common.redaction import is_debugging, redacted_message
from mh_batch.inference import Execution, release_memory
from mh_batch.inference.error_types import is_beyond_repair, is_out_of_memory
from mh_batch.models import Model


class FindingsFile:
    """A JSON file that grows with each finding, so that a run that is killed leaves what it measured."""

    def __init__(self, file: Path) -> None:
        """Start the file; whatever lies there is replaced."""
        self._file = file
        self.found: dict[str, Any] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    def record(self, value: Any, *path: str) -> None:  # noqa: ANN401 - whatever JSON holds
        """Keep a finding under the names of a path, and write the file."""
        place = self.found
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value
        self._write()

    def _write(self) -> None:
        fresh = self._file.with_name(self._file.name + ".new")
        fresh.write_text(json.dumps(self.found, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self._file)


@dataclass(frozen=True)
class Bench:
    """The model, device and pace that all candidates of a family share.

    Attributes:
        name: Of the family, in the findings.
        model: The checkpoint.
        config: Its configuration.
        execution: Our engine, and the precision in which all candidates compute.
        device: "cpu" or "cuda:0".
        batch_tokens: Tokens of a batch where the benchmark chooses it.
        pace: How long is measured.
        first_texts: Texts of the first warm-up.
        most_texts: Texts of a round at most.
        findings: Where findings go.
        say: Takes one line of progress at a time.
    """

    name: str
    model: Model
    config: Mapping[str, Any]
    execution: Execution
    device: str
    batch_tokens: int
    pace: Pace
    first_texts: int
    most_texts: int
    findings: FindingsFile
    say: Callable[[str], None]

    def measure(self, candidate: str, place: tuple[str, ...], make: Callable[[], Task[Work]]) -> None:
        """Measure a candidate, or find why it cannot be; what it took on the device is free again afterwards.

        Args:
            candidate: Its name in the findings.
            place: Where among the findings it goes.
            make: Loads it.
        """
        self.say(f"{self.name}, {', '.join((*place, candidate))}")
        found = self._found(make)
        release_memory()
        self.record(found, *place, candidate)
        self.say(f"  {_line(found)}")

    def record(self, value: Any, *path: str) -> None:  # noqa: ANN401 - whatever JSON holds
        """Keep a finding of this family."""
        self.findings.record(value, "families", self.name, *path)

    def _found(self, make: Callable[[], Task[Work]]) -> dict[str, Any]:
        try:
            return measure_rounds(make(), self.pace)
        except Exception as error:  # one candidate's end is not the others'
            return {"problem": problem_of(error)}


def problem_of(error: Exception) -> str:
    """Say why a candidate cannot be measured; raise the error if the device is of no use from now on."""
    if is_debugging() or is_beyond_repair(error):
        raise error
    if isinstance(error, ImportError):
        return f"{error.name or 'something'} is not installed"
    return "out of memory" if is_out_of_memory(error) else redacted_message(error)


def _line(found: Mapping[str, Any]) -> str:
    if "problem" in found:
        return f"not measured: {found['problem']}"
    rates = found["median"]
    return (
        f"{rates['texts_per_second']:,.1f} texts/s, {rates['tokens_per_second']:,.0f} tokens/s, "
        f"{rates['share_of_peak']:.1%} of the peak"
    )

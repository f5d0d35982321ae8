"""A model on a device, and how contestants are measured there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mh_batch.benchmark.device.journal import Journal
from mh_batch.benchmark.device.rounds import Pace, Task, Work, measure
from mh_batch.common.redaction import is_debugging, told
from mh_batch.inference.error_types import is_beyond_repair, is_out_of_memory, release_memory
from mh_batch.inference.execution import Execution
from mh_batch.models import Model


@dataclass(frozen=True)
class Bench:
    """The model, device and pace that all contestants of a family share.

    Attributes:
        name: Of the family, in the findings.
        model: The checkpoint.
        config: Its configuration.
        execution: Our engine, and the precision in which all contestants compute.
        device: "cpu" or "cuda:0".
        batch_tokens: Tokens of a batch where the benchmark chooses it.
        pace: How long is measured.
        first_texts: Texts of the first warm-up.
        most_texts: Texts of a round at most.
        journal: Where findings go.
        say: Told what happens.
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
    journal: Journal
    say: Callable[[str], None]

    def contend(self, contestant: str, place: tuple[str, ...], make: Callable[[], Task[Work]]) -> None:
        """Measure a contestant, or find why it cannot be; what it took on the device is free again afterwards."""
        self.say(f"{self.name}, {', '.join((*place, contestant))}")
        found = self._found(make)
        release_memory()
        self.note(found, *place, contestant)
        self.say(f"  {_line(found)}")

    def note(self, value: Any, *path: str) -> None:  # noqa: ANN401 - whatever JSON holds
        """Keep a finding of this family."""
        self.journal.note(value, "families", self.name, *path)

    def _found(self, make: Callable[[], Task[Work]]) -> dict[str, Any]:
        try:
            return measure(make(), self.pace)
        except Exception as error:  # one contestant's end is not the others'
            return {"problem": problem_of(error)}


def problem_of(error: Exception) -> str:
    """Say why a contestant cannot be measured; raise the error if the device is of no use from now on."""
    if is_debugging() or is_beyond_repair(error):
        raise error
    if isinstance(error, ImportError):
        return f"{error.name or 'something'} is not installed"
    return "out of memory" if is_out_of_memory(error) else told(error)


def _line(found: Mapping[str, Any]) -> str:
    if "problem" in found:
        return f"not measured: {found['problem']}"
    rates = found["median"]
    return (
        f"{rates['texts_per_second']:,.1f} texts/s, {rates['tokens_per_second']:,.0f} tokens/s, "
        f"{rates['share_of_peak']:.1%} of the peak"
    )

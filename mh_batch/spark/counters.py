"""Counters of what the workers did, gathered on the driver."""

import resource
import sys
from dataclasses import asdict, dataclass, field
from typing import Literal

from pyspark import Accumulator, AccumulatorParam, SparkContext

from mh_batch.common.progress import Progress

_SIZES = {"tokens": "tokens", "chars": "characters"}


class _Largest(AccumulatorParam[int]):
    """Keeps the largest value."""

    def zero(self, value: int) -> int:
        """Less than any value."""
        return 0

    def addInPlace(self, value1: int, value2: int) -> int:
        """The larger one."""
        return max(value1, value2)


@dataclass(frozen=True)
class Effort:
    """The work of a stage: sums over finished tasks, and the most memory that a Python worker of theirs ever held.

    A task that is run again counts again: this tells the effort, not the result.
    """

    texts: int = 0
    chars: int = 0
    tokens: int = 0
    windows: int = 0
    model_loads: int = 0
    worker_peak_bytes: int = 0


@dataclass(frozen=True)
class Throughput:
    """The work of a stage, and the time that it took."""

    effort: Effort = field(default_factory=Effort)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """For the manifest."""
        seconds = max(self.seconds, 1e-9)
        return {
            **asdict(self.effort),
            "seconds": round(self.seconds, 3),
            "texts_per_second": round(self.effort.texts / seconds, 2),
            "tokens_per_second": round(self.effort.tokens / seconds, 1),
        }


class Counters:
    """Counts an `Effort`; workers add, the driver reads."""

    def __init__(self, context: SparkContext) -> None:
        """Make counters at zero."""
        names = Effort.__dataclass_fields__
        self._counters: dict[str, Accumulator[int]] = {
            name: context.accumulator(0, _Largest() if name == "worker_peak_bytes" else None) for name in names
        }

    def add(self, effort: Effort) -> None:
        """Count what this worker did."""
        for name, value in asdict(effort).items():
            self._counters[name].add(value)

    def effort(self) -> Effort:
        """The work counted so far."""
        return Effort(**{name: counter.value for name, counter in self._counters.items()})

    def progress(self, title: str, texts: int, size: int, unit: Literal["tokens", "chars"] = "tokens") -> Progress:
        """Return the progress of a stage, to be shown while it counts here.

        Args:
            title: What the stage does.
            texts: How many texts there are.
            size: Tokens or characters of all of them: time left goes by these, since the longest texts come first.
            unit: Which of the two.
        """

        def poll() -> tuple[int, int]:
            effort = self.effort()
            return effort.texts, getattr(effort, unit)

        return Progress(title, texts, "texts", size=size, size_unit=_SIZES[unit], poll=poll)


def peak_bytes() -> int:
    """The most memory that this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

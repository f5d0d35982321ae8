"""Lines on batches that are sent and waited for."""

import time
from collections.abc import Sequence

from mh_batch.common.console import announce
from mh_batch.datasets.generation.providers import BatchState

_SECONDS_BETWEEN_EQUAL_LINES = 300.0
_COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


class BatchProgress:
    """Says how far batches are: whenever that changes, and now and then where it does not."""

    def __init__(self, batches: int) -> None:
        """Start the clock for so many batches."""
        self._states: dict[str, BatchState] = {}
        self._batches, self._line = batches, ""
        self._started = self._said = time.monotonic()

    def say(self, seen: Sequence[BatchState]) -> None:
        """Take in what was seen of some of the batches, and say how far all are."""
        self._states |= {state.batch: state for state in seen}
        states = self._states.values()
        counts = {name: sum(getattr(state, name) for state in states) for name in _COUNTS}
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        ended = sum(state.ended for state in states)
        self._tell(f"batches ended: {ended:,} of {self._batches:,}" + (f"; requests: {told}" if told else ""))

    def _tell(self, line: str) -> None:
        now = time.monotonic()
        if line != self._line or now - self._said >= _SECONDS_BETWEEN_EQUAL_LINES:
            announce(f"{line} ({(now - self._started) / 60:.0f} min)")
            self._line, self._said = line, now

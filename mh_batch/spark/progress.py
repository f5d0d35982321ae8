"""One line that says how far a long stage has come."""

import sys
import threading
import time
from types import TracebackType
from typing import Literal, Self, TextIO

from mh_batch.spark.counters import Counters

_SECONDS_ON_TERMINAL = 1.0
_SECONDS_IN_LOG = 30.0

Unit = Literal["tokens", "chars"]
_SAID = {"tokens": "tokens", "chars": "characters"}


class Progress:
    """Reports texts, size, rate and time left while a stage runs: rewritten on a terminal, now and then in a log."""

    def __init__(
        self,
        title: str,
        counters: Counters,
        texts: int,
        size: int,
        unit: Unit = "tokens",
        stream: TextIO | None = None,
    ) -> None:
        """Watch `counters` until so many texts of that size together, in tokens or characters, are done."""
        self._title, self._counters, self._texts, self._size, self._unit = title, counters, texts, size, unit
        self._stream = stream or sys.stderr
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Start to report."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, with a last line that stays."""
        self._stop.set()
        self._thread.join()
        self._write(end="\n")

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """Return the line as of now."""
        effort = self._counters.effort()
        done, said = getattr(effort, self._unit), _SAID[self._unit]
        # By size, since the longest texts come first.
        pace = done / max(self.seconds, 1e-9)
        left = f", about {duration((self._size - done) / pace)} left" if 0 < done < self._size else ""
        return (
            f"{self._title}: {effort.texts:,} of {self._texts:,} texts, {done:,} {said}, "
            f"{pace:,.0f} {said}/s, {duration(self.seconds)}{left}"
        )

    def _watch(self) -> None:
        pause = _SECONDS_ON_TERMINAL if self._stream.isatty() else _SECONDS_IN_LOG
        while not self._stop.wait(pause):
            self._write(end="" if self._stream.isatty() else "\n")

    def _write(self, end: str) -> None:
        start = "\r\x1b[K" if self._stream.isatty() else ""
        self._stream.write(start + self.line() + end)
        self._stream.flush()


def duration(seconds: float) -> str:
    """Return seconds as people say them: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def announce(message: str) -> None:
    """Say on standard error which stage begins."""
    print(message, file=sys.stderr, flush=True)

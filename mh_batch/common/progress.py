"""Lines that say how far long work has come: rewritten on a terminal, one now and then in a log."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mh_batch.common.console import console_of, get_logger, say

_LOG = get_logger(__name__)
_SECONDS_ON_TERMINAL = 1.0
_SECONDS_IN_LOG = 30.0


class Progress:
    """A line that tells how much is done, at which rate, and the time left.

    Work tells what it has done (`update`), or is asked for it from time to time in a `with` block (`poll`). In a log, a
    line is said every 30 seconds; the last one stays anywhere.
    """

    def __init__(
        self,
        title: str,
        total: int,
        unit: str,
        *,
        size: int = 0,
        size_unit: str = "",
        before: int = 0,
        poll: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        """Start the clock.

        Args:
            title: What is done.
            total: How many pieces it is done to.
            unit: What they are, in the plural.
            size: Of all pieces together, where they differ so much that rate and time left go by it; else 0.
            size_unit: What it is counted in, in the plural.
            before: Pieces that were done before.
            poll: Returns how many pieces are done, and their size.
        """
        self._title, self._total, self._unit = title, total, unit
        self._size, self._size_unit, self._before = size, size_unit, before
        self._done, self._size_done, self._note = before, 0, ""
        self._poll = poll
        self._started = self._shown = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._has_ended = False

    def __enter__(self) -> Self:
        """Begin to ask, if there is something to ask."""
        if self._poll:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, with a last line that stays."""
        if self._poll:
            self._stop.set()
            self._thread.join()
        self._end()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def update(self, done: int, size: int = 0, note: str = "") -> None:
        """Tell what is done by now; when all is, the line is said for the last time.

        Args:
            done: Pieces, those before included.
            size: Their size.
            note: What else there is to say.
        """
        self._done, self._size_done, self._note = done, size, note
        if done >= self._total:
            self._end()
        else:
            self._show()

    def line(self) -> str:
        """Return the line as of now."""
        if self._poll:
            self._done, self._size_done = self._poll()
        seconds = self.seconds
        done, total, unit = (
            (self._size_done, self._size, self._size_unit)
            if self._size
            else (self._done - self._before, self._total - self._before, self._unit)
        )
        pace = done / max(seconds, 1e-9)
        rate = f"{pace:,.0f}" if pace >= 10 or not pace else f"{pace:.2g}"
        parts = [
            f"{self._title}: {self._done:,} of {self._total:,} {self._unit}",
            *([f"{self._size_done:,} {unit}"] if self._size else []),
            f"{rate} {unit}/s",
            duration(seconds),
            *([f"about {duration((total - done) / pace)} left"] if 0 < done < total else []),
            *([self._note] if self._note else []),
        ]
        return ", ".join(parts)

    def _watch(self) -> None:
        while not self._stop.wait(self._pause()):
            self._show()

    def _pause(self) -> float:
        shown = console_of(_LOG)
        return _SECONDS_ON_TERMINAL if shown and shown.is_terminal else _SECONDS_IN_LOG

    def _show(self) -> None:
        if time.monotonic() - self._shown < self._pause():
            return
        self._shown = time.monotonic()
        shown = console_of(_LOG)
        if shown and shown.is_terminal:
            shown.rewrite(self.line())
        else:
            say(_LOG, logging.INFO, self.line())

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            say(_LOG, logging.INFO, self.line())


def duration(seconds: float) -> str:
    """Return seconds as people say them: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

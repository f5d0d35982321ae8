"""Timing of a run's stages, with one JSON line of metrics for each where asked."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class StageTimer:
    """Times the stages of one run."""

    def __init__(self, run_id: str, metrics: str | None = None) -> None:
        """Append a line for each stage to the file `metrics`, or print it if that is `-`; None: only remember."""
        self._run_id, self._metrics = run_id, metrics
        self.ended: list[dict[str, Any]] = []

    @contextmanager
    def stage(self, name: str, **about: str) -> Iterator[dict[str, Any]]:
        """Time a block. It may add figures to the mapping that it is given."""
        figures: dict[str, Any] = {}
        began, started = datetime.now(UTC).isoformat(timespec="milliseconds"), time.monotonic()
        error: str | None = None
        try:
            yield figures
        except BaseException as caught:
            # Its name only: a message may quote a text.
            error = type(caught).__name__
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            line = {"run_id": self._run_id, "stage": name, **about, "started_at": began, "seconds": seconds, **figures}
            self.ended.append(line if error is None else {**line, "error": error})
            self._write(self.ended[-1])

    def _write(self, line: dict[str, Any]) -> None:
        if self._metrics is None:
            return
        text = json.dumps(line, ensure_ascii=False)
        if self._metrics == "-":
            print(text, file=sys.stdout, flush=True)
            return
        with Path(self._metrics).open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")


def utc_now() -> str:
    """Return the time, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")

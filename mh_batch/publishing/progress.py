"""Says how far a copy has come."""

import sys
import time
from collections.abc import Iterable, Iterator

import pyarrow as pa

from mh_batch.spark.progress import announce, duration

_SECONDS_ON_TERMINAL, _SECONDS_IN_LOG = 5.0, 30.0


def counted(batches: Iterable[pa.RecordBatch], title: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the batches, and say now and then, and at the end, how many of so many rows have gone through."""
    pause = _SECONDS_ON_TERMINAL if sys.stderr.isatty() else _SECONDS_IN_LOG
    started = said = time.monotonic()
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        if time.monotonic() - said >= pause:
            said = time.monotonic()
            announce(_line(title, done, rows, said - started))
    announce(_line(title, done, rows, time.monotonic() - started))


def _line(title: str, done: int, rows: int, seconds: float) -> str:
    pace = done / max(seconds, 1e-9)
    left = f", about {duration((rows - done) / pace)} left" if 0 < done < rows else ""
    return f"{title}: {done:,} of {rows:,} rows, {pace:,.0f} rows/s, {duration(seconds)}{left}"

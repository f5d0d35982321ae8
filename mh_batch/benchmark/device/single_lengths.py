"""Engines on batches whose windows are all of one length, with new ids in each."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from mh_batch.benchmark.device.bench import Bench
from mh_batch.benchmark.device.rounds import Amount, Task
from mh_batch.benchmark.peak import operations
from mh_batch.benchmark.shapes import random_windows
from mh_batch.inference import TokenSequences
from mh_batch.inference.engines import Computation, Engine, Logits

_MOST_BATCHES = 200
_COMPARED_WINDOWS = 16

Batches = Sequence[TokenSequences]


def measure_lengths(bench: Bench, candidate: str, engine: Engine, lengths: Sequence[int]) -> dict[int, Logits | None]:
    """Measure an engine at each length; return what it says of the same few windows of each, None if it cannot.

    Args:
        bench: The model on the device.
        candidate: Its name in the findings.
        engine: To measure.
        lengths: Tokens of the windows.
    """
    rng, vocabulary = np.random.default_rng(), int(bench.config["vocab_size"])

    def task(length: int) -> Task[Batches]:
        windows = max(1, bench.batch_tokens // length)
        work = operations(bench.config, windows * length, length)
        return Task(
            lambda count: [random_windows(windows, length, vocabulary, rng) for _ in range(count)],
            lambda batches: _run(engine, batches),
            lambda batches: Amount(len(batches) * windows, len(batches) * windows * length, len(batches) * work),
            first=1,
            most=_MOST_BATCHES,
        )

    said: dict[int, Logits | None] = {}
    for length in lengths:
        place = ("lengths", str(length))
        bench.measure(candidate, place, partial(task, length))
        windows = max(1, min(_COMPARED_WINDOWS, bench.batch_tokens // length))
        try:
            said[length] = engine.logits(random_windows(windows, length, vocabulary, np.random.default_rng(length)))
        except Exception:  # it could not be measured either, and why is known
            said[length] = None
    return said


def compare_logits(bench: Bench, ours: Mapping[int, Logits | None], theirs: Mapping[int, Logits | None]) -> None:
    """Note by how much logits differ at each length that both could compute: more than rounding is a mistake.

    Args:
        bench: Takes the findings.
        ours: Logits of our engine, by length.
        theirs: Logits of the other, by length.
    """
    for length, mine in ours.items():
        other = theirs.get(length)
        if mine is not None and other is not None:
            largest = float(np.abs(mine - other).max())
            bench.record(largest, "lengths", str(length), "largest_difference_of_logits")


def _run(engine: Engine, batches: Batches) -> Mapping[str, float]:
    """Keep as many batches on the device as the engine takes at once."""
    computing: deque[Computation] = deque()
    for batch in batches:
        computing.append(engine.submit(batch))
        while len(computing) >= engine.in_flight:
            computing.popleft().result()
    while computing:
        computing.popleft().result()
    return {}

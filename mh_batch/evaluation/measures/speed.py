"""Latency of one text, and throughput of many."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mh_batch.inference import Scorer

_WARM_UP = 10


@dataclass(frozen=True)
class Latency:
    """Milliseconds from one text to its probabilities, one text at a time, the model loaded and warm.

    Attributes:
        texts: Texts measured.
        threads: Threads to compute with.
        mean: Their mean.
        sd: Standard deviation.
        p50: Median.
        p95: What 95 of 100 texts stay below.
    """

    texts: int
    threads: int
    mean: float
    sd: float
    p50: float
    p95: float


def measure_latency(scorer: Scorer, texts: Sequence[str]) -> Latency:
    """Score texts one by one; the first ten once more than they count."""
    for text in texts[:_WARM_UP]:
        scorer.score([text])
    taken = np.empty(len(texts))
    for place, text in enumerate(texts):
        started = time.perf_counter()
        scorer.score([text])
        taken[place] = 1000 * (time.perf_counter() - started)
    p50, p95 = np.percentile(taken, (50, 95))
    sd = float(taken.std(ddof=1)) if len(taken) > 1 else 0.0
    return Latency(len(texts), torch.get_num_threads(), float(taken.mean()), sd, float(p50), float(p95))


@dataclass(frozen=True)
class Speed:
    """Latency and throughput of a contender.

    Attributes:
        texts: Texts scored for the figures.
        seconds: Time that this took, without loading.
        latency: One text at a time.
    """

    texts: int
    seconds: float
    latency: Latency

    @property
    def texts_per_second(self) -> float:
        """Throughput over the data."""
        return self.texts / max(self.seconds, 1e-9)

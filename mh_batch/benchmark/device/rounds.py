"""Rounds of a measurement: how much is done in how many seconds, and what share of the device's peak that is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Generic, TypeVar

Work = TypeVar("Work")

_GROWTH = 8
# A warm-up that takes this share of a round shows how much fills one.
_WARM_UP_SHARE = 0.25


@dataclass(frozen=True)
class Amount:
    """The work that is in something.

    Attributes:
        texts: Texts.
        tokens: Tokens of the windows that they are read in, special tokens included.
        operations: Floating-point operations that the windows need.
    """

    texts: int
    tokens: int
    operations: float


@dataclass(frozen=True)
class Task(Generic[Work]):
    """A candidate to measure.

    Attributes:
        draw: Makes new work of a number of units, texts or batches.
        run: Does the work; returns further figures of it, such as the seconds of its parts.
        amount: Counts how much work it was.
        first: Units of the first warm-up.
        most: Units of a round at most.
        least: Units of a warm-up or round at least.
    """

    draw: Callable[[int], Work]
    run: Callable[[Work], Mapping[str, float]]
    amount: Callable[[Work], Amount]
    first: int
    most: int
    least: int = 1


@dataclass(frozen=True)
class Pace:
    """The length of a measurement: `rounds` rounds of about `seconds` each; and the peak (operations a second)."""

    rounds: int
    seconds: float
    peak: float


def measure_rounds(task: Task[Work], pace: Pace) -> dict[str, Any]:
    """Warm up with more and more new work until a round's worth is known, and measure rounds of it.

    Returns:
        `warm_up` and `rounds`, each a list of texts, tokens, seconds and rates, the first two of the warm-up of the
        same size; and the `median` of the rates.
    """
    units = max(task.least, min(task.first, task.most))
    warm_up = [_round(task, units, pace.peak) for _ in range(2)]
    while warm_up[-1]["seconds"] < _WARM_UP_SHARE * pace.seconds and units < task.most:
        units = min(_GROWTH * units, task.most)
        warm_up.append(_round(task, units, pace.peak))
    seconds = warm_up[-1]["seconds"]
    units = max(task.least, min(task.most, round(units * pace.seconds / seconds)))
    rounds = [_round(task, units, pace.peak) for _ in range(pace.rounds)]
    rates = [name for name in rounds[0] if name.endswith("_per_second") or name == "share_of_peak"]
    return {
        "median": {name: median(one[name] for one in rounds) for name in rates},
        "rounds": rounds,
        "warm_up": warm_up,
    }


def _round(task: Task[Work], units: int, peak: float) -> dict[str, Any]:
    work = task.draw(units)
    started = time.perf_counter()
    details = task.run(work)
    seconds = time.perf_counter() - started
    amount = task.amount(work)
    return {
        "texts": amount.texts,
        "tokens": amount.tokens,
        "seconds": seconds,
        **details,
        "texts_per_second": amount.texts / seconds,
        "tokens_per_second": amount.tokens / seconds,
        "share_of_peak": amount.operations / seconds / peak,
    }

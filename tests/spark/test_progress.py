from io import StringIO
from types import SimpleNamespace

import pytest

from mh_batch.spark.counters import Counters, Effort
from mh_batch.spark.progress import Progress, duration


class _Accumulator:
    def __init__(self, value: int, kind: object) -> None:
        self.value, self._kind = value, kind

    def add(self, value: int) -> None:
        self.value = self._kind.addInPlace(self.value, value) if self._kind else self.value + value  # type: ignore[attr-defined]  # Spark's AccumulatorParam


@pytest.fixture
def counters() -> Counters:
    return Counters(SimpleNamespace(accumulator=_Accumulator))  # type: ignore[arg-type]  # it only makes accumulators


def test_counters_sum_the_work_and_keep_the_largest_memory(counters: Counters) -> None:
    counters.add(Effort(texts=2, chars=10, worker_peak_bytes=500))
    counters.add(Effort(texts=1, tokens=4, worker_peak_bytes=300))
    assert counters.effort() == Effort(texts=3, chars=10, tokens=4, worker_peak_bytes=500)


def test_the_line_tells_what_is_done_and_what_is_left_by_tokens(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0])
    monkeypatch.setattr("mh_batch.spark.progress.time.monotonic", lambda: next(clock, 30.0))
    progress = Progress("scoring", counters, texts=1000, size=1_200, stream=StringIO())
    assert progress.line() == "scoring: 0 of 1,000 texts, 0 tokens, 0 tokens/s, 30 s"
    counters.add(Effort(texts=10, chars=1_000, tokens=300))
    assert progress.line() == "scoring: 10 of 1,000 texts, 300 tokens, 10 tokens/s, 30 s, about 1 min 30 s left"


def test_where_nothing_but_characters_is_known_the_line_tells_of_them(counters: Counters) -> None:
    progress = Progress("tokenising", counters, texts=10, size=4_000, unit="chars", stream=StringIO())
    counters.add(Effort(texts=1, chars=1_000, tokens=300))
    assert progress.line().startswith("tokenising: 1 of 10 texts, 1,000 characters, ")


def test_the_last_line_stays(counters: Counters) -> None:
    stream = StringIO()
    with Progress("scoring", counters, texts=1, size=2, stream=stream):
        counters.add(Effort(texts=1, chars=5, tokens=2))
    assert stream.getvalue().startswith("scoring: 1 of 1 texts, 2 tokens")
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "said"), [(42.4, "42 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (59.6, "1 min 0 s")]
)
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said

from types import SimpleNamespace

import pytest

from mh_batch.spark import Counters, Effort


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
    monkeypatch.setattr("mh_batch.common.progress.time.monotonic", lambda: next(clock, 30.0))
    progress = counters.progress("scoring", texts=1000, size=1_200)
    assert progress.line() == "scoring: 0 of 1,000 texts, 0 tokens, 0 tokens/s, 30 s"
    counters.add(Effort(texts=10, chars=1_000, tokens=300))
    assert progress.line() == "scoring: 10 of 1,000 texts, 300 tokens, 10 tokens/s, 30 s, about 1 min 30 s left"


def test_where_nothing_but_characters_is_known_the_line_tells_of_them(counters: Counters) -> None:
    progress = counters.progress("tokenising", texts=10, size=4_000, unit="chars")
    counters.add(Effort(texts=1, chars=1_000, tokens=300))
    assert progress.line().startswith("tokenising: 1 of 10 texts, 1,000 characters, ")


def test_the_last_line_stays(counters: Counters, capsys: pytest.CaptureFixture[str]) -> None:
    with counters.progress("scoring", texts=1, size=2):
        counters.add(Effort(texts=1, chars=5, tokens=2))
    said = capsys.readouterr().err
    assert said.startswith("scoring: 1 of 1 texts, 2 tokens")
    assert said.endswith("\n")

import time
from collections.abc import Mapping

import pytest

from mh_batch.benchmark.device.rounds import Amount, Pace, Task, measure_rounds


def slow_task(drawn: list[int], most: int = 1000, least: int = 1) -> Task[int]:
    def draw(units: int) -> int:
        drawn.append(units)
        return units

    def run(units: int) -> Mapping[str, float]:
        time.sleep(units / 2000)
        return {"failed": 0}

    return Task(draw, run, lambda units: Amount(units, 10 * units, 1000.0 * units), 1, most, least)


def test_rounds_are_as_long_as_asked_for_after_two_of_the_smallest_size() -> None:
    drawn: list[int] = []
    found = measure_rounds(slow_task(drawn), Pace(rounds=3, seconds=0.1, peak=1e7))
    assert drawn[:3] == [1, 1, 8]
    assert len(set(drawn[-3:])) == 1
    assert [one["texts"] for one in found["warm_up"]] == drawn[:-3]
    assert 0.05 < found["rounds"][0]["seconds"] < 0.3
    rates = found["median"]
    assert rates["tokens_per_second"] == pytest.approx(10 * rates["texts_per_second"])
    assert rates["share_of_peak"] == pytest.approx(1000 * rates["texts_per_second"] / 1e7)


def test_a_round_holds_neither_more_nor_less_than_it_may() -> None:
    drawn: list[int] = []
    measure_rounds(slow_task(drawn, most=5), Pace(1, 10.0, 1.0))
    assert drawn == [1, 1, 5, 5]
    drawn.clear()
    measure_rounds(slow_task(drawn, least=20), Pace(1, 0.001, 1.0))
    assert drawn == [20, 20, 20]

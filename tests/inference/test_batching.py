import numpy as np
import pytest
from hypothesis import given, strategies as st

from mh_batch.inference.batching import token_budget_batches


def batches(lengths: list[int], budget: int, pads_to: int) -> list[list[int]]:
    found = token_budget_batches(np.array(lengths, np.int64), budget, pads_to)
    return [lengths[batch] for batch in found]


@given(
    lengths=st.lists(st.integers(1, 600), max_size=80),
    budget=st.integers(16, 2000),
    pads_to=st.sampled_from([0, 1, 8, 512]),
)
def test_batches_hold_each_window_once_within_the_budget_in_order(
    lengths: list[int], budget: int, pads_to: int
) -> None:
    ordered = sorted(lengths, reverse=True)
    found = batches(ordered, budget, pads_to)
    assert [length for batch in found for length in batch] == ordered
    for batch in found:
        padded = -(-max(batch) // pads_to) * pads_to * len(batch) if pads_to else sum(batch)
        assert len(batch) == 1 or padded <= budget


@pytest.mark.parametrize(
    ("pads_to", "sizes"),
    [(0, [3, 4]), (1, [3, 3, 1]), (16, [1] * 7)],
    ids=["packed", "padded to the longest", "padded to more"],
)
def test_batches_are_filled_before_the_next_is_begun(pads_to: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in batches([10, 10, 10, 10, 7, 7, 6], 30, pads_to)] == sizes

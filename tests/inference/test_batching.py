from hypothesis import given
from hypothesis import strategies as st

from mh_batch.inference.batching import token_budget_batches


@given(lengths=st.lists(st.integers(1, 600), max_size=80), budget=st.integers(16, 2000))
def test_batches_hold_each_sequence_once_within_the_budget_longest_first(lengths: list[int], budget: int) -> None:
    batches = list(token_budget_batches(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    in_order = [lengths[index] for batch in batches for index in batch]
    assert in_order == sorted(lengths, reverse=True)
    for batch in batches:
        assert len(batch) == 1 or max(lengths[index] for index in batch) * len(batch) <= budget


def test_batches_are_filled_before_the_next_is_begun() -> None:
    assert [len(batch) for batch in token_budget_batches([10] * 7, 30)] == [3, 3, 1]

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mh_batch.inference.windows import cut_windows, fold_windows
from mh_batch.models import ModelCard

SINGLE = ModelCard(
    name="s", title="s", task="single_label", labels=("no", "maybe", "yes"), negative_label="no", max_tokens=8
)
MULTI = ModelCard(name="m", title="m", task="multi_label", labels=("a", "b"), max_tokens=8)


@given(length=st.integers(1, 400), size=st.integers(2, 60), overlap=st.integers(0, 59))
def test_windows_hold_every_token_are_full_and_overlap(length: int, size: int, overlap: int) -> None:
    overlap = min(overlap, size - 1)
    tokens = list(range(length))
    windows = cut_windows(tokens, size, overlap)
    assert {token for window in windows for token in window} == set(tokens)
    if length > size:
        assert all(len(window) == size for window in windows)
    for left, right in pairwise(windows):
        assert len(set(left) & set(right)) >= overlap
        assert left[0] < right[0]


@pytest.mark.parametrize(("length", "count"), [(1, 1), (10, 1), (11, 2), (18, 2), (19, 3), (26, 3), (27, 4)])
def test_the_number_of_windows_is_the_least_that_covers_the_text(length: int, count: int) -> None:
    # Windows of 10 that share 2 add 8 tokens each: 10, 18, 26, ...
    assert len(cut_windows(list(range(length)), 10, 2)) == count


def test_independent_labels_fold_to_the_highest_probability_of_each() -> None:
    assert fold_windows(np.array([[0.9, 0.1], [0.2, 0.7]]), MULTI).tolist() == [0.9, 0.7]


def test_exclusive_labels_fold_to_the_window_that_speaks_least_for_the_negative_label() -> None:
    windows = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.5, 0.0, 0.5]])
    assert fold_windows(windows, SINGLE).tolist() == [0.3, 0.3, 0.4]


def test_mean_folds_to_the_average() -> None:
    card = SINGLE.model_copy(update={"fold": "mean"})
    assert fold_windows(np.array([[0.6, 0.2, 0.2], [0.2, 0.2, 0.6]]), card) == pytest.approx([0.4, 0.2, 0.4])


def test_folding_exclusive_labels_by_max_needs_a_negative_label() -> None:
    card = SINGLE.model_copy(update={"negative_label": None})
    with pytest.raises(ValueError, match="names no negative_label"):
        fold_windows(np.zeros((2, 3)), card)


def test_an_overlap_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot share"):
        cut_windows(list(range(100)), 10, 10)

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from mh_batch.inference import TokenSequences
from mh_batch.inference.windows import WindowFrame, fold_windows
from mh_batch.models import ModelCard

SINGLE = ModelCard(
    name="s", title="s", task="single_label", labels=("no", "maybe", "yes"), negative_label="no", max_tokens=8
)
MULTI = ModelCard(name="m", title="m", task="multi_label", labels=("a", "b"), max_tokens=8)


def cut(lengths: list[int], frame: WindowFrame) -> list[list[list[int]]]:
    """The windows of texts whose tokens are numbered through, text by text."""
    texts = TokenSequences.of([range(1000 * text, 1000 * text + length) for text, length in enumerate(lengths)])
    index = frame.cut(texts)
    enclosed = frame.enclosed(texts.ids, index.start, index.length)
    rows = np.split(enclosed.ids, enclosed.offsets[1:-1])
    return [
        [row.tolist() for row, of in zip(rows, index.text, strict=True) if of == text] for text in range(len(texts))
    ]


@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=4), size=st.integers(2, 60), overlap=st.integers(0, 59)
)
def test_windows_hold_every_token_are_full_and_overlap(lengths: list[int], size: int, overlap: int) -> None:
    overlap = min(overlap, size - 1)
    for text, windows in enumerate(cut(lengths, WindowFrame(size, overlap))):
        tokens = range(1000 * text, 1000 * text + lengths[text])
        assert {token for window in windows for token in window} == set(tokens)
        assert all(len(window) == min(size, len(tokens)) for window in windows)
        for left, right in pairwise(windows):
            assert len(set(left) & set(right)) >= overlap
            assert left[0] < right[0]


@pytest.mark.parametrize(("length", "count"), [(1, 1), (10, 1), (11, 2), (18, 2), (19, 3), (26, 3), (27, 4)])
def test_the_number_of_windows_is_the_least_that_covers_the_text(length: int, count: int) -> None:
    # Windows of 10 that share 2 add 8 tokens each: 10, 18, 26, ...
    assert [len(windows) for windows in cut([3, length, 3], WindowFrame(10, 2))] == [1, count, 1]


def test_special_tokens_stand_around_each_window() -> None:
    assert cut([5, 2], WindowFrame(3, 1, (-1, -2), (-3,))) == [
        [[-1, -2, 0, 1, 2, -3], [-1, -2, 2, 3, 4, -3]],
        [[-1, -2, 1000, 1001, -3]],
    ]


def folded(card: ModelCard, *texts: list[list[float]]) -> list[list[float]]:
    rows: NDArray[np.float64] = np.array([row for text in texts for row in text])
    found: list[list[float]] = fold_windows(rows, np.array([len(text) for text in texts]), card).tolist()
    return found


def test_independent_labels_fold_to_the_highest_probability_of_each() -> None:
    assert folded(MULTI, [[0.9, 0.1], [0.2, 0.7]], [[0.3, 0.4]]) == [[0.9, 0.7], [0.3, 0.4]]


def test_exclusive_labels_fold_to_the_window_that_speaks_least_for_the_negative_label() -> None:
    three = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.5, 0.0, 0.5]]
    a_tie = [[0.4, 0.5, 0.1], [0.4, 0.1, 0.5]]
    assert folded(SINGLE, three, a_tie, [[0.3, 0.3, 0.4]]) == [[0.3, 0.3, 0.4], a_tie[0], [0.3, 0.3, 0.4]]


def test_mean_folds_to_the_average() -> None:
    card = SINGLE.model_copy(update={"fold": "mean"})
    found = folded(card, [[0.2, 0.2, 0.6]], [[0.6, 0.2, 0.2], [0.2, 0.2, 0.6]])
    assert found == [[0.2, 0.2, 0.6], pytest.approx([0.4, 0.2, 0.4])]


def test_folding_exclusive_labels_by_max_needs_a_negative_label() -> None:
    card = SINGLE.model_copy(update={"negative_label": None})
    with pytest.raises(ValueError, match="names no negative_label"):
        folded(card, [[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]])


def test_an_overlap_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot share"):
        WindowFrame(10, 10)

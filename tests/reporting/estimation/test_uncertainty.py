import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from mh_batch.reporting import wilson_interval


@pytest.mark.parametrize(("positives", "documents"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 17), (123_456, 1_000_000)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_the_interval_is_that_of_scipy(positives: int, documents: int, confidence: float) -> None:
    expected = binomtest(positives, documents).proportion_ci(confidence, method="wilson")

    low, high = wilson_interval(positives, documents, confidence)

    assert float(low) == pytest.approx(expected.low, abs=1e-12)
    assert float(high) == pytest.approx(expected.high, abs=1e-12)


def test_the_ends_of_the_scale_are_exact() -> None:
    low, high = wilson_interval([0, 7], [7, 7])

    assert low[0] == 0
    assert high[1] == 1


def test_counts_are_taken_element_by_element() -> None:
    low, high = wilson_interval(np.array([[1, 2], [3, 4]]), 10)

    assert low.shape == high.shape == (2, 2)
    assert (low < high).all()


def test_few_documents_give_a_wider_interval_than_many() -> None:
    low, high = wilson_interval([2, 200], [10, 1000])

    assert high[0] - low[0] > 5 * (high[1] - low[1])


@pytest.mark.parametrize(("positives", "documents"), [(0, 0), ([1, 0], [5, 0]), (6, 5), (-1, 5), (1, float("nan"))])
def test_a_share_that_cannot_be_is_refused(positives: ArrayLike, documents: ArrayLike) -> None:
    with pytest.raises(ValueError, match="documents"):
        wilson_interval(positives, documents)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_cannot_be_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, confidence)

import numpy as np
import pytest
from numpy.typing import ArrayLike

from mh_batch.reporting.estimation.quantification import saerens_em

pytestmark = pytest.mark.filterwarnings("error")


def prevalence(base_rate: float, probability: ArrayLike, documents: ArrayLike) -> float:
    cell = np.atleast_2d(np.asarray(probability, float)), np.atleast_2d(np.asarray(documents, float))
    return float(saerens_em(*cell, base_rate)[0])


# QuaPy 0.2.3, EMQ.EM with epsilon 1e-14 (its default stops earlier, at up to 0.002 from there).
@pytest.mark.parametrize(
    ("base_rate", "probability", "documents", "expected"),
    [
        (0.3, [0.05, 0.2, 0.5, 0.8, 0.95], [400, 120, 60, 90, 330], 0.5555639849271893),
        (0.355, [0.01, 0.1, 0.3, 0.6, 0.9, 0.99], [9000, 500, 100, 50, 100, 250], 0.024583435987084165),
        (0.5, [0.3, 0.4, 0.5, 0.6, 0.7], [10, 20, 40, 20, 15], 0.6793669313023439),
        (0.4, [0.0, 0.25, 0.75, 1.0], [50, 30, 20, 10], 0.23105026213136534),
        (0.5, [0.02, 0.05, 0.1], [100, 50, 5], 2.1413568482702607e-18),
    ],
)
def test_the_prevalence_is_that_of_quapy(
    base_rate: float, probability: list[float], documents: list[int], expected: float
) -> None:
    assert prevalence(base_rate, probability, documents) == pytest.approx(expected, abs=1e-9)


def test_a_new_base_rate_is_found_from_calibrated_probabilities() -> None:
    # Scores of positives and negatives overlap by a known likelihood ratio; probabilities are exact at base rate 0.4.
    label, other = np.array([0.05, 0.15, 0.3, 0.5]), np.array([0.6, 0.25, 0.1, 0.05])
    probability = 0.4 * label / (0.4 * label + 0.6 * other)

    for truth in (0, 0.03, 0.4, 0.9, 1):
        documents = 1e6 * (truth * label + (1 - truth) * other)
        assert prevalence(0.4, probability, documents) == pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize(("probability", "expected"), [(0.0, 0), (1.0, 1)])
def test_certain_documents_alone_are_certain(probability: float, expected: float) -> None:
    assert prevalence(0.3, [probability], [10]) == pytest.approx(expected, abs=1e-9)


def test_certain_documents_of_both_kinds_are_counted() -> None:
    assert prevalence(0.3, [0, 1], [30, 10]) == pytest.approx(0.25)


def test_probabilities_that_tell_nothing_leave_the_base_rate() -> None:
    assert prevalence(0.3, [0.3, 0.3], [5, 7]) == 0.3


def test_empty_bins_have_no_say() -> None:
    assert prevalence(0.3, [0.1, np.nan, 0.9], [8, 0, 5]) == prevalence(0.3, [0.1, 0.9], [8, 5])


def test_a_cell_without_documents_has_no_prevalence() -> None:
    found = saerens_em(np.array([[np.nan, np.nan], [0.1, 0.9]]), np.array([[0.0, 0], [3, 4]]), 0.3)

    assert np.isnan(found).tolist() == [True, False]


def test_cells_are_treated_one_by_one() -> None:
    rng = np.random.default_rng(9)
    probability, documents = rng.random((2500, 20)), rng.poisson(3, (2500, 20)).astype(float)

    together = saerens_em(probability, documents, 0.3)

    assert together.shape == (2500,)
    assert together[2400] == prevalence(0.3, probability[2400], documents[2400])


@pytest.mark.parametrize("base_rate", [0, 1, 35.5])
def test_a_base_rate_that_cannot_be_is_refused(base_rate: float) -> None:
    with pytest.raises(ValueError, match="base rate"):
        prevalence(base_rate, [0.5], [1])

"""Prevalence by adjustment and by expectation maximisation."""

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from mh_batch.reporting import wilson_interval
from mh_batch.reporting.estimation.adjustment import Adjusted, Rates, adjust, mix, rogan_gladen, saerens_em

Floats = NDArray[np.float64]

pytestmark = pytest.mark.filterwarnings("error")

# As the card of xlmr-depression-mini has them for English, German and Italian.
ENGLISH = (0.9365, 0.9733, 126, 225)
GERMAN = (0.9417, 0.9505, 103, 202)
ITALIAN = (0.8947, 0.9600, 95, 200)


def rates(*rows: tuple[float, float, int, int]) -> Rates:
    return Rates(*np.array(rows, float).T)


def adjusted(share: object, effective: object, *rows: tuple[float, float, int, int]) -> Adjusted:
    """Cells of one language."""
    p, n = np.broadcast_arrays(np.atleast_1d(np.asarray(share, float)), np.asarray(effective, float))
    documents = np.stack([n, *[np.zeros_like(n)] * (len(rows) - 1)], axis=1)
    return adjust(p, n, mix(documents, documents * np.nan_to_num(p)[:, None], rates(*rows)))


def test_the_prevalence_of_a_hand_count() -> None:
    # Of 1,000 documents 200 are positive: 180 found, and 160 of the other 800 marked by mistake.
    assert rogan_gladen(np.array([0.34]), np.array([0.9]), np.array([0.8])) == pytest.approx([0.2])


def test_the_prevalence_stays_between_0_and_1() -> None:
    assert rogan_gladen(np.array([0.01, 0.99]), np.array([0.9]), np.array([0.9])).tolist() == [0, 1]


@pytest.mark.parametrize("specificity", [0.4, 0.3])
def test_a_classifier_no_better_than_chance_says_nothing(specificity: float) -> None:
    found = adjusted(0.5, 1000, (0.6, specificity, 100, 100))

    assert np.isnan([found.prevalence, found.low, found.high]).all()


def test_where_the_classifier_is_known_to_be_perfect_the_interval_is_that_of_wilson() -> None:
    shares = np.array([0.02, 0.4, 0.97])
    found = adjusted(shares, 80, (1, 1, 10**7, 10**7))

    low, high = wilson_interval(shares * 80, 80)
    assert found.prevalence == pytest.approx(shares)
    assert found.low == pytest.approx(low, abs=1e-3)
    assert found.high == pytest.approx(high, abs=1e-3)


@pytest.mark.parametrize(("share", "effective"), [(0.15, 400), (0.3, 10_000), (0.5, 60)])
def test_the_interval_is_that_of_plain_monte_carlo(share: float, effective: int) -> None:
    rng = np.random.default_rng(7)
    p = rng.beta(share * effective + 0.5, (1 - share) * effective + 0.5, 400_000)
    se = rng.beta(0.9365 * 126 + 0.5, 0.0635 * 126 + 0.5, 400_000)
    sp = rng.beta(0.9733 * 225 + 0.5, 0.0267 * 225 + 0.5, 400_000)
    low, high = np.quantile((p + sp - 1) / (se + sp - 1), [0.025, 0.975])

    found = adjusted(share, effective, ENGLISH)

    # Wilson's interval is a little narrower than the Beta posterior's where documents are few.
    assert found.low == pytest.approx(low, abs=0.03 * (high - low))
    assert found.high == pytest.approx(high, abs=0.03 * (high - low))


def test_a_mixture_gives_the_mean_of_the_languages_prevalences() -> None:
    documents, positives = np.array([[500.0, 300, 200]]), np.array([[60.0, 90, 70]])
    table = rates(ENGLISH, GERMAN, ITALIAN)
    by_language = rogan_gladen(positives / documents, table.sensitivity, table.specificity)

    found = adjust(np.array([0.22]), np.array([1000.0]), mix(documents, positives, table))

    assert found.prevalence == pytest.approx((documents * by_language).sum(1) / 1000)


def test_languages_that_a_cell_lacks_do_not_matter() -> None:
    alone, among = adjusted(0.2, 500, GERMAN), adjusted(0.2, 500, GERMAN, ENGLISH, ITALIAN)

    assert (alone.low, alone.high) == (among.low, among.high)


def test_a_cell_has_the_same_interval_whatever_is_adjusted_with_it() -> None:
    rng = np.random.default_rng(8)
    documents = rng.poisson(80, (300, 3)).astype(float)
    positives = rng.binomial(documents.astype(int), 0.2).astype(float)
    share, effective, table = positives.sum(1) / documents.sum(1), documents.sum(1) / 2, rates(ENGLISH, GERMAN, ITALIAN)

    together = adjust(share, effective, mix(documents, positives, table))

    for cells in (slice(17, 18), slice(None, None, -1)):
        again = adjust(share[cells], effective[cells], mix(documents[cells], positives[cells], table))
        assert (again.low == together.low[cells]).all()
        assert (again.high == together.high[cells]).all()


def test_a_share_below_that_of_false_positives_is_not_a_certain_zero() -> None:
    # The card expects 4.95 % false positives; that many fewer mean that it errs on the safe side here.
    shares = np.array([0, 1e-4, 0.001, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04])
    found = adjusted(shares, 20_000, GERMAN)

    assert (found.prevalence == 0).all()
    assert (found.low == 0).all()
    assert (np.diff(found.high) > 0).all()
    assert (found.high <= wilson_interval(shares * 20_000, 20_000)[1] / 0.94 + 1e-3).all()


def test_a_share_above_the_sensitivity_is_not_a_certain_one() -> None:
    found = adjusted([0.96, 0.98, 0.99, 0.999], 20_000, GERMAN)

    assert (found.high == 1).all()
    assert (np.diff(found.low) > 0).all()
    assert (found.low < 1).all()


def test_the_interval_contains_the_estimate() -> None:
    found = adjusted(np.linspace(0, 1, 101), 1e6, (1, 1, 5, 5))

    assert (found.low <= found.prevalence).all()
    assert (found.prevalence <= found.high).all()


def test_error_rates_that_may_be_no_better_than_chance_leave_everything_open() -> None:
    found = adjusted(0.5, 1000, (0.55, 0.6, 20, 20))

    assert found.low == 0
    assert found.high == 1


def test_fewer_labelled_documents_give_a_wider_interval() -> None:
    few, many = adjusted(0.3, 1e5, (0.9, 0.9, 100, 100)), adjusted(0.3, 1e5, (0.9, 0.9, 10_000, 10_000))

    assert (few.high - few.low)[0] > 8 * (many.high - many.low)[0]


def test_cells_without_a_share_or_without_documents_are_left_out() -> None:
    documents = np.array([[100.0], [0], [100]])
    mixture = mix(documents, documents * 0.3, rates(ENGLISH))

    found = adjust(np.array([0.3, 0.3, np.nan]), np.array([100, 100, np.nan]), mixture)

    assert np.isnan(np.stack([found.prevalence, found.low, found.high])).tolist() == [[False, True, True]] * 3


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

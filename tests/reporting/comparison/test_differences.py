import numpy as np
import pytest
from scipy.stats import ks_2samp, ttest_rel

from mh_batch.reporting.comparison.differences import (
    difference_of,
    effective_size,
    index_by_chance,
    kolmogorov_smirnov,
    product_name,
    stability_index,
)

NAMES = ("n_now", "n_before", "x_now_0", "x_before_0")


def sums_of(n_now: np.ndarray, n_before: np.ndarray, x_now: np.ndarray, x_before: np.ndarray) -> dict[str, int]:
    """What Spark sums over authors, here of arrays with one entry an author."""
    columns = dict(zip(NAMES, (n_now, n_before, x_now, x_before), strict=True))
    products = {product_name(a, b): int((x * y).sum()) for a, x in columns.items() for b, y in columns.items()}
    return {"authors": len(n_now), **{name: int(column.sum()) for name, column in columns.items()}, **products}


def draw(authors: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    n_now, n_before = 1 + rng.poisson(6, authors), rng.poisson(4, authors)
    mood = rng.beta(1, 3, authors)
    return n_now, n_before, rng.binomial(n_now, mood), rng.binomial(n_before, mood)


def test_the_interval_is_that_of_a_bootstrap_over_authors() -> None:
    counts = draw(800, seed=3)
    found = difference_of(sums_of(*counts), 0)

    rng = np.random.default_rng(4)
    samples = rng.integers(0, 800, (4000, 800))
    n_now, n_before, x_now, x_before = (column[samples].sum(axis=1) for column in counts)
    low, high = np.quantile(x_now / n_now - x_before / n_before, [0.025, 0.975])

    assert found["difference"] == pytest.approx(counts[2].sum() / counts[0].sum() - counts[3].sum() / counts[1].sum())
    assert (found["difference_low"], found["difference_high"]) == pytest.approx((low, high), abs=0.0015)


def test_one_document_per_author_and_run_is_a_paired_t_test() -> None:
    rng = np.random.default_rng(5)
    ones, before = np.ones(300, int), rng.binomial(1, 0.3, 300)
    now = np.where(rng.random(300) < 0.8, before, rng.binomial(1, 0.6, 300))

    found = difference_of(sums_of(ones, ones, now, before), 0)

    expected = ttest_rel(now, before)
    interval = expected.confidence_interval(0.95)
    assert found["p_value"] == pytest.approx(float(expected.pvalue), rel=1e-6)
    assert (found["difference_low"], found["difference_high"]) == pytest.approx((interval.low, interval.high))


def test_the_same_run_twice_differs_in_nothing() -> None:
    n_now, _, x_now, _ = draw(50, seed=6)

    found = difference_of(sums_of(n_now, n_now, x_now, x_now), 0)

    assert (found["difference"], found["difference_low"], found["difference_high"]) == pytest.approx(
        (0, 0, 0), abs=1e-9
    )
    assert found["p_value"] == 1


def test_documents_of_authors_who_always_agree_tell_as_much_as_their_authors() -> None:
    documents, positives = np.full(200, 5), np.where(np.arange(200) % 4 == 0, 5, 0)

    sums = sums_of(documents, documents, positives, positives)

    assert effective_size(sums, 0, "now") == pytest.approx(200)


def test_rounded_counts_give_rounded_shares() -> None:
    sums = sums_of(np.array([52, 51]), np.array([49, 49]), np.array([12, 11]), np.array([10, 4]))

    found = difference_of(sums, 0, round_to=10)

    assert (found["share"], found["share_before"]) == (20 / 100, 10 / 100)


def test_the_stability_index_is_that_of_a_hand_calculation() -> None:
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5)
    assert stability_index([60, 40], [50, 50]) == pytest.approx(0.0405465, abs=1e-7)
    assert stability_index([5, 5, 0], [10, 10, 0]) == 0


def test_an_index_is_as_large_by_chance_as_simulation_says() -> None:
    rng = np.random.default_rng(8)
    shares = np.full(20, 0.05)
    drawn = [stability_index(rng.multinomial(2000, shares), rng.multinomial(3000, shares)) for _ in range(2000)]

    exceeded = np.mean([index_by_chance(index, 20, 2000, 3000) < 0.05 for index in drawn])

    assert 0.035 < exceeded < 0.065


def test_the_distance_is_that_of_scipy() -> None:
    rng = np.random.default_rng(9)
    now, before = rng.integers(0, 30, 500), np.minimum(rng.integers(0, 35, 400), 29)

    found = kolmogorov_smirnov(np.bincount(now, minlength=30), np.bincount(before, minlength=30))

    assert found == pytest.approx(ks_2samp(now, before).statistic)

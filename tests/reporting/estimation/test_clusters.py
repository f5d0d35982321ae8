import numpy as np
import pytest
from numpy.typing import NDArray

from mh_batch.reporting.estimation.clusters import (
    ClusterSums,
    author_share,
    clustered_variance,
    design_effect,
    effective_documents,
)

Floats = NDArray[np.float64]


def sums(documents: object, positives: object) -> ClusterSums:
    """Of cells in rows and authors in columns."""
    n, x = np.atleast_2d(np.asarray(documents, float)), np.atleast_2d(np.asarray(positives, float))
    return ClusterSums(n.sum(1), x.sum(1), (n**2).sum(1), (x**2).sum(1), (n * x).sum(1))


def shares(documents: object, positives: object) -> tuple[Floats, Floats]:
    n, x = np.atleast_2d(np.asarray(documents, float)), np.atleast_2d(np.asarray(positives, float))
    return author_share(np.full(len(n), float(n.shape[1])), (x / n).sum(1), ((x / n) ** 2).sum(1), n.sum(1))


def test_the_variance_of_a_hand_count() -> None:
    # Authors of 4, 2 and 2 documents with 3, 1 and 0 positives: p = 1/2, residuals 1, 0 and -1, 64 - 24 = 40.
    assert clustered_variance(sums([4, 2, 2], [3, 1, 0])) == pytest.approx([2 / 40])


def test_authors_of_equally_many_documents_have_the_variance_of_the_mean_of_their_shares() -> None:
    positives = np.array([0, 1, 5, 2, 0, 3])

    assert clustered_variance(sums([5] * 6, positives)) == pytest.approx([np.var(positives / 5, ddof=1) / 6])


def test_the_variance_is_unbiased_where_documents_are_independent_and_a_few_authors_hold_most() -> None:
    documents = np.tile([40, 20, 10, *[1] * 17], (20_000, 1))
    positives = np.random.default_rng(3).binomial(documents, 0.3)

    mean = clustered_variance(sums(documents, positives)).mean()

    assert mean == pytest.approx(0.3 * 0.7 / documents[0].sum(), rel=0.02)


def test_the_variance_is_that_of_the_jackknife() -> None:
    rng = np.random.default_rng(4)
    documents = 1 + rng.poisson(5, 400)
    positives = rng.binomial(documents, rng.beta(1, 3, 400))
    without_one = (positives.sum() - positives) / (documents.sum() - documents)

    jackknife = 399 / 400 * ((without_one - without_one.mean()) ** 2).sum()

    assert clustered_variance(sums(documents, positives)) == pytest.approx([jackknife], rel=0.02)


@pytest.mark.parametrize("positives", [0, 1, 7, 30])
def test_authors_of_one_document_each_count_for_their_documents(positives: int) -> None:
    cell = sums([1] * 30, [1] * positives + [0] * (30 - positives))

    assert effective_documents(cell) == pytest.approx([30])
    assert design_effect(cell) == pytest.approx([1])
    assert shares([1] * 30, [1] * positives + [0] * (30 - positives))[1] == pytest.approx([30])


def test_authors_whose_documents_all_agree_count_for_one_document_each() -> None:
    cell = sums([8] * 100, [8] * 40 + [0] * 60)

    assert design_effect(cell) == pytest.approx([8], rel=0.02)
    assert effective_documents(cell) == pytest.approx([100], rel=0.04)


def test_where_the_label_was_never_seen_authors_count_and_not_documents() -> None:
    documents = [30, 10, *[5] * 12]
    authors = 100**2 / (30**2 + 10**2 + 12 * 5**2)

    for positives in (0 * np.array(documents), documents):
        cell = sums(documents, positives)
        assert design_effect(cell) == pytest.approx([100 / authors])
        assert 0 < effective_documents(cell)[0] < authors


def test_few_authors_cost_the_squared_ratio_of_t_quantiles() -> None:
    cell = sums([10] * 20, [9, 8, 9, 1, 0, 2, 1, 7, 6, 3, 2, 8, 1, 0, 0, 5, 9, 3, 2, 1])

    left = effective_documents(cell) * design_effect(cell) / 200

    # t quantiles at 97.5 % for 199 and 19 degrees of freedom, from a printed table.
    assert left == pytest.approx([(1.972 / 2.093) ** 2], rel=1e-3)


def test_one_author_tells_next_to_nothing() -> None:
    for positives in (0, 13, 50):
        assert 0 < effective_documents(sums([50], [positives]))[0] <= 1
        assert 0 < shares([50], [positives])[1][0] <= 1


def test_a_label_and_its_absence_tell_the_same() -> None:
    rng = np.random.default_rng(5)
    documents = 1 + rng.poisson(6, (200, 30))
    positives = rng.binomial(documents, rng.beta(0.1, 0.9, documents.shape))

    present, absent = sums(documents, positives), sums(documents, documents - positives)

    assert effective_documents(present) == pytest.approx(effective_documents(absent))
    assert shares(documents, positives)[1] == pytest.approx(shares(documents, documents - positives)[1])


def test_effective_numbers_lie_between_nothing_and_all_documents() -> None:
    rng = np.random.default_rng(6)
    documents = 1 + rng.poisson(rng.lognormal(0, 2, (2000, 12)))
    positives = rng.binomial(documents, rng.beta(0.2, 0.8, documents.shape))
    cells = sums(documents, positives)

    for effective in (effective_documents(cells), shares(documents, positives)[1]):
        assert (effective > 0).all()
        assert (effective <= cells.documents).all()
    assert (design_effect(cells) >= 1).all()


def test_the_author_share_weighs_authors_alike() -> None:
    mean, trials = shares([10, 1, 1, 2], [10, 0, 0, 1])

    assert mean == pytest.approx([(1 + 0 + 0 + 0.5) / 4])
    assert trials[0] <= 4


def test_rounded_sums_of_shares_do_not_pass_for_certainty() -> None:
    trials = author_share(*(np.array([value]) for value in (40.0, 40 - 4e-9, 40 - 4e-9, 9000.0)))[1]

    assert trials[0] <= 40


def test_a_cell_without_named_authors_has_no_author_share() -> None:
    mean, trials = author_share(*(np.array([0.0, value]) for value in (2.0, 1.0, 1.0, 2.0)))

    assert np.isnan([mean[0], trials[0]]).all()
    assert not np.isnan([mean[1], trials[1]]).any()

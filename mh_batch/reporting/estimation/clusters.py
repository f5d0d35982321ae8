"""Clustering by author: documents of one author are alike, so fewer of them are effective."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mh_batch.reporting.estimation.uncertainty import Floats

# Where the rarer outcome was hardly seen, neither was its likeness within authors: the design effect then leans towards
# that of authors whose documents all agree, as though so many more had been seen. Chosen by the coverage of the
# intervals (tests/reporting/estimation/coverage.py): without it, 95 % intervals cover 85 to 92 % at low prevalence.
_UNSEEN_BY_DOCUMENT = 6.0
_UNSEEN_BY_AUTHOR = 1.0
# A handful of authors may look more even than chance by chance; the design effect is believed down to this.
_MOST_EVEN = 0.5


@dataclass(frozen=True)
class ClusterSums:
    """Sums over the authors of each cell, all of one shape; a document without a named author is an author of its own.

    Attributes:
        documents: Sum of the numbers n of documents, from 1.
        positives: Sum of the numbers x of documents that carry the label.
        squared_documents: Sum of n^2.
        squared_positives: Sum of x^2.
        products: Sum of x n.
    """

    documents: Floats
    positives: Floats
    squared_documents: Floats
    squared_positives: Floats
    products: Floats


def clustered_variance(sums: ClusterSums) -> Floats:
    """Return the sampling variance of the share of documents where authors, not documents, are sampled.

    It is the linearised variance of a ratio, sum (x - p n)^2 / (N^2 - sum n^2). For authors with equally many documents
    that is the textbook's; for unequal ones it is unbiased where documents are independent, while the textbook's factor
    A / (A - 1) for A authors takes no notice of a few of them holding most documents.

    Source: Cochran, W. G. (1977). Sampling Techniques, 3rd ed., ch. 6 and 9A.

    Args:
        sums: Sums over the authors of each cell.

    Returns:
        Variances; NaN where there is one author only.
    """
    share = sums.positives / sums.documents
    scatter = sums.squared_positives - 2 * share * sums.products + share**2 * sums.squared_documents
    others = sums.documents**2 - sums.squared_documents
    return np.where(others > 0, _ratio(np.maximum(scatter, 0), others), np.nan)


def design_effect(sums: ClusterSums) -> Floats:
    """Return by how much likeness within authors inflates the variance of the share: at least 1.

    It is the clustered variance over that of independent documents. The fewer documents of the rarer outcome were seen,
    the more it leans towards the effect of authors whose documents all agree, sum n^2 / N; where none was seen, or one
    author only, that is its value.

    Source: Kish, L. (1965). Survey Sampling, ch. 5 and 8.

    Args:
        sums: Sums over the authors of each cell.
    """
    return np.maximum(_inflation(sums), 1)


def effective_documents(sums: ClusterSums) -> Floats:
    """Return how many independent documents would be as informative of the share, for a Wilson interval to take.

    These are the documents over the design effect, and fewer where that is itself known from few authors: by Student's
    t with N^2 / sum n^2 - 1 degrees of freedom, the effective number of authors less one. What cannot be seen in the
    sums is a rare label that comes in bursts from authors who write most: there, 95 % intervals cover 87 to 93 %.

    Source: Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data. Survey Methodology 24, 193-201.

    Args:
        sums: Sums over the authors of each cell.

    Returns:
        Numbers above 0 and at most the documents; exactly the documents where each author has one.
    """
    small_sample = _small_sample(sums.documents, sums.documents**2 / sums.squared_documents)
    return np.minimum(sums.documents / _inflation(sums) * small_sample, sums.documents)


def author_share(authors: Floats, shares: Floats, squared_shares: Floats, documents: Floats) -> tuple[Floats, Floats]:
    """Return the mean over authors of the share of their documents that carry the label, and its effective trials.

    So many independent trials would be as informative, for a Wilson interval to take. The variance is that of a mean
    of independent values, one an author; few authors and rare outcomes are dealt with as in `effective_documents`.

    Args:
        authors: Named authors of each cell, from 0.
        shares: Sum over them of x / n, where x of an author's n documents carry the label.
        squared_shares: Sum over them of (x / n)^2.
        documents: Documents of these authors.

    Returns:
        Mean shares; numbers of trials, above 0 and at most the documents. Both are NaN where there are no authors.
    """
    mean = _ratio(shares, authors)
    scatter = np.maximum(squared_shares - authors * mean**2, 0)
    variance = np.where(authors > 1, _ratio(scatter, authors * (authors - 1)), np.nan)
    # One more trial than the variance says: authors of one document each then count for exactly that document.
    seen = np.maximum(_ratio(authors, _ratio(mean * (1 - mean), variance) + 1), _ratio(authors, documents))
    inflation = _leaning(seen, np.ones_like(mean), _rare_seen(mean, variance), _UNSEEN_BY_AUTHOR)
    return mean, np.where(
        authors > 0, np.minimum(authors / inflation * _small_sample(documents, authors), documents), np.nan
    )


def _inflation(sums: ClusterSums) -> Floats:
    """The design effect, which below 1 still counts against the allowance for few authors."""
    share, variance = sums.positives / sums.documents, clustered_variance(sums)
    seen = np.maximum(_ratio(variance * (sums.documents - 1), share * (1 - share)), _MOST_EVEN)
    return _leaning(seen, sums.squared_documents / sums.documents, _rare_seen(share, variance), _UNSEEN_BY_DOCUMENT)


def _rare_seen(share: Floats, variance: Floats) -> Floats:
    """The independent documents of the rarer outcome that would be as informative."""
    rarer = np.minimum(share, 1 - share)
    # Sums of shares may miss 0 and 1 by rounding.
    return np.where((rarer > 1e-9) & ~np.isnan(variance), _ratio(rarer**2, variance), 0)


def _leaning(seen: Floats, agreeing: Floats, rare: Floats, unseen: float) -> Floats:
    weight = unseen / (unseen + rare)
    leaning = np.where(seen < agreeing, seen ** (1 - weight) * agreeing**weight, seen)
    return np.where(rare == 0, agreeing, leaning)


def _small_sample(documents: Floats, authors: Floats) -> Floats:
    """The share of trials left where the variance is known from few authors: the squared ratio of t quantiles."""
    of_documents, of_authors = (stdtrit(np.maximum(number - 1, 1), 0.975) for number in (documents, authors))
    return _ratio(of_documents, of_authors) ** 2


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """A quotient, infinite or NaN where it has to be."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return numerator / denominator

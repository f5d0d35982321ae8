"""The uncertainty of shares: Wilson intervals, reliability of groups, and bands of numbers of authors."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_FEWEST_GROUPS = 3


def wilson_interval(positives: ArrayLike, documents: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Return the lower and upper ends of the Wilson score interval of a share, element by element.

    Source: Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22, 209-212.

    Args:
        positives: Numbers from 0 to `documents`, of any shape that broadcasts with it.
        documents: Numbers above 0; they need not be whole, an effective number of documents serves as well.
        confidence: Nominal coverage, between 0 and 1.

    Raises:
        ValueError: there are no documents, more positives than documents, or no such confidence.
    """
    k, n = np.broadcast_arrays(np.asarray(positives, np.float64), np.asarray(documents, np.float64))
    _check(k, n, confidence)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    low, high = (wilson_bound(k / n, n, score) for score in (-z, z))
    # At the ends the bound is 0 or 1 exactly; the formula misses it by rounding.
    return np.where(k == 0, 0.0, low), np.where(k == n, 1.0, high)


def wilson_bound(share: Floats, documents: Floats, score: Floats | float) -> Floats:
    """Return the share from which the one counted lies `score` standard errors below (above, where it is negative).

    Over all scores this is the confidence distribution of the share that belongs to the Wilson interval.

    Args:
        share: Shares counted, from 0 to 1, of any shape that broadcasts with the others.
        documents: Numbers above 0.
        score: Quantiles of the standard normal distribution.
    """
    centre = share + score**2 / documents / 2
    spread = np.sqrt(share * (1 - share) / documents + (score / documents / 2) ** 2)
    bound: Floats = (centre + score * spread) / (1 + score**2 / documents)
    return bound


def _check(positives: Floats, documents: Floats, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if not (documents > 0).all():
        raise ValueError("a share of no documents has no interval: documents must be above 0")
    if not ((positives >= 0) & (positives <= documents)).all():
        raise ValueError("positives must lie between 0 and documents")


def author_bands(authors: ArrayLike) -> NDArray[np.str_]:
    """Return `under_50`, `50_to_199` or `200_or_more` for each number of authors.

    Source: the thresholds of Mangalik, S. et al. (2024). Robust language-based mental health assessments in time and
    space through social media. npj Digital Medicine 7, 109.
    """
    counts = np.asarray(authors)
    return np.where(counts < 50, "under_50", np.where(counts < 200, "50_to_199", "200_or_more"))


def reliability(share: Floats, effective: Floats) -> Floats:
    """Return how much of the differences among groups is not chance, for each of them.

    That is the variance between groups over itself plus the group's own sampling variance. The variance between groups
    is what is left of the shares' variance when the mean sampling variance is taken off.

    Source: Raudenbush, S. W. and Bryk, A. S. (2002). Hierarchical Linear Models, 2nd edition, chapter 3.

    Args:
        share: Shares of the groups that are compared, of shape (groups,).
        effective: How many independent documents each rests on.

    Returns:
        Values from 0 to 1 of the same shape; NaN where there are fewer than three groups.
    """
    if len(share) < _FEWEST_GROUPS:
        return np.full(len(share), np.nan)
    # One document more of each kind, so that a share of 0 or 1 is not taken for certain.
    smoothed = (share * effective + 1) / (effective + 2)
    chance = smoothed * (1 - smoothed) / effective
    between = max(float(np.var(share, ddof=1) - chance.mean()), 0.0)
    return between / (between + chance)

"""Shares with their uncertainty."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


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

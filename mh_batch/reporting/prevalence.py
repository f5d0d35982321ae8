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
        positives: Counts from 0 to `documents`, of any shape that broadcasts with it.
        documents: Counts from 1.
        confidence: Nominal coverage, between 0 and 1.

    Raises:
        ValueError: there are no documents, more positives than documents, or no such confidence.
    """
    k, n = np.broadcast_arrays(np.asarray(positives, np.float64), np.asarray(documents, np.float64))
    _check(k, n, confidence)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = (k + z**2 / 2) / (n + z**2)
    half_width = z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
    # At the ends the bound is 0 or 1 exactly; the formula misses it by rounding.
    return np.where(k == 0, 0.0, centre - half_width), np.where(k == n, 1.0, centre + half_width)


def _check(positives: Floats, documents: Floats, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if not (documents >= 1).all():
        raise ValueError("a share of no documents has no interval: documents must be at least 1")
    if not ((positives >= 0) & (positives <= documents)).all():
        raise ValueError("positives must lie between 0 and documents")

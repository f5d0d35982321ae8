"""How far to trust a group: by its authors, and by what is not chance in its share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mh_batch.reporting.estimation.wilson import Floats

_FEWEST_GROUPS = 3


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

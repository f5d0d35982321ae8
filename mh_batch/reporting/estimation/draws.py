"""Draws of error rates and shares, and the interval of the prevalence that they make."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betainccinv, betaincinv, ndtri

from mh_batch.reporting.estimation.uncertainty import Floats, wilson_bound

_DRAWS = 2000
_SEED = 1978
_LEVELS = (np.arange(_DRAWS) + 0.5) / _DRAWS
_SCORES = ndtri(_LEVELS)
_UPPER = 0.975
# With fewer possible draws than this share of them, their quantiles are too rough.
_FEW = 0.01


def rate_draws(rates: Floats, labelled: Floats, stream: int) -> Floats:
    """Draw rates from their posteriors under the Jeffreys prior, Beta(hits + 1/2, misses + 1/2).

    The levels of each rate are evenly spaced and in an order of their own (a Latin hypercube), so that few draws are
    enough. The order depends on the rate's row and on `stream` alone: the same rates make the same draws.

    Args:
        rates: Measured rates, of shape (rates,).
        labelled: Documents on which each was measured, from 0.
        stream: A number for rates that are independent of those in the same rows of other streams.

    Returns:
        Draws of shape (rates, draws).
    """
    quantiles = (_quantiles(n * rate, n * (1 - rate)) for rate, n in zip(rates, labelled, strict=True))
    return np.array([own[_order(stream, row)] for row, own in enumerate(quantiles)])


@lru_cache(maxsize=1024)
def _quantiles(hits: float, misses: float) -> Floats:
    quantiles: Floats = betaincinv(hits + 0.5, misses + 0.5, _LEVELS)
    return quantiles


def _order(stream: int, row: int) -> NDArray[np.int64]:
    return np.random.default_rng([_SEED, stream, row]).permutation(_DRAWS)


def prevalence_interval(
    share: Floats, effective: Floats, sensitivity: Floats, specificity: Floats
) -> tuple[Floats, Floats]:
    """Return both ends of the 95 % intervals of prevalences.

    Each draw of the error rates meets one of the share. Where they would put the prevalence below 0 they contradict
    each other: the upper end is the 97.5 % quantile of the other draws. (Were those draws clipped to 0 instead, a share
    smaller than what false positives alone should give would make an interval from 0 to 0.) Likewise the lower end and
    prevalences above 1. Draws that tell nothing, with sensitivity + specificity <= 1, count as 0 for the lower end and
    as 1 for the upper one.

    Args:
        share: Shares that the classifier marks, of shape (cells,).
        effective: Independent documents that would be as informative.
        sensitivity: Draws of shape (cells, draws), from `rate_draws` or mixed of such.
        specificity: Likewise.
    """
    marked = wilson_bound(share[:, None], effective[:, None], _SCORES)
    skill = sensitivity + specificity - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        # What tells nothing stands last, as it counts as 1 for the upper end.
        prevalence = np.where(skill > 0, (marked + specificity - 1) / skill, np.inf)
    prevalence.sort(axis=1)
    idle = (skill <= 0).sum(axis=1)
    negative, above = (prevalence < 0).sum(axis=1), (prevalence > 1).sum(axis=1) - idle
    high = _at(prevalence, negative + _UPPER * (_DRAWS - negative))
    low = _at(prevalence, (1 - _UPPER) * (_DRAWS - above) - idle)
    few = negative > (1 - _FEW) * _DRAWS
    high[few] = _tail_end(marked[few], sensitivity[few], specificity[few])
    few = above > (1 - _FEW) * _DRAWS
    low[few] = 1 - _tail_end(1 - marked[few], specificity[few], sensitivity[few])
    return low, high


def _at(ordered: Floats, position: Floats) -> Floats:
    """The values at fractional positions in rows, clipped to 0..1; 0 before the first."""
    below = np.clip(np.floor(position - 0.5).astype(np.intp), 0, _DRAWS - 2)
    near = np.clip(np.take_along_axis(ordered, below[:, None] + np.arange(2), axis=1), 0, 1)
    fraction = np.clip(position - 0.5 - below, 0, 1)
    return np.where(position < 0, 0, near[:, 0] * (1 - fraction) + near[:, 1] * fraction)


def _tail_end(marked: Floats, sensitivity: Floats, specificity: Floats) -> Floats:
    """The upper end where hardly any draw is possible: from the tail of specificities that the share allows."""
    share = np.quantile(marked, _UPPER, axis=1)
    mean, variance = specificity.mean(axis=1), specificity.var(axis=1)
    size = mean * (1 - mean) / variance - 1
    hits, misses = size * mean, size * (1 - mean)
    highest = betainccinv(hits, misses, (1 - _UPPER) * betaincc(hits, misses, 1 - share))
    end: Floats = np.clip((share + highest - 1) / (sensitivity.mean(axis=1) + highest - 1), 0, 1)
    return end

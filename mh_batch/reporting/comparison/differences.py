"""How two runs differ: in shares, by authors who may have written in both, and in distributions."""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, stdtr, stdtrit

from mh_batch.reporting.counting.overlap import RUNS, product_name
from mh_batch.reporting.disclosure.rounding import rounded

Sums = Mapping[str, int]


def difference_of(sums: Sums, label: int, round_to: int | None = None) -> dict[str, float]:
    """Compare two shares whose authors may be the same people.

    The variance is that of the linearised difference of two ratios, summed over authors: a person who wrote in both
    runs adds to both.

    Source: Cochran, W. G. (1977). Sampling Techniques, 3rd edition, chapter 6.

    Args:
        sums: What `count_authors_of_both` gives of one language.
        label: Index of the label.
        round_to: The shares are computed of counts that are rounded to multiples of this.

    Returns:
        Columns of the contract `change`, from `share` to `p_value`.
    """
    freedom = max(float(sums["authors"]) - 1, 1.0)
    error = sqrt(_variance(sums, label, RUNS) * (1 + 1 / freedom))
    share, share_before = (_share(sums, label, run, round_to) for run in RUNS)
    difference, half = share - share_before, float(stdtrit(freedom, 0.975)) * error
    return {
        "share": share,
        "share_before": share_before,
        "difference": difference,
        "difference_low": max(-1.0, difference - half),
        "difference_high": min(1.0, difference + half),
        "p_value": 2 * float(stdtr(freedom, -abs(difference) / error)) if error else float(difference == 0),
    }


def effective_size(sums: Sums, label: int, run: str) -> float:
    """Return how many independent documents would make a run's share as certain as it is."""
    share, documents = _share(sums, label, run), float(sums[f"n_{run}"])
    variance = _variance(sums, label, (run,))
    return min(documents, share * (1 - share) / variance) if variance and 0 < share < 1 else documents


def stability_index(now: ArrayLike, before: ArrayLike) -> float:
    """Return the population stability index of two histograms: the symmetrised relative entropy of their shares.

    Bins that are empty in one of them count as half a document there.

    Source: Siddiqi, N. (2006). Credit Risk Scorecards, chapter 10.
    """
    shares = [np.maximum(counts := np.asarray(side, np.float64), 0.5) / counts.sum() for side in (now, before)]
    either = (np.asarray(now) > 0) | (np.asarray(before) > 0)
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1]))[either].sum())


def index_by_chance(index: float, bins: int, size: float, size_before: float) -> float:
    """Return how likely an index this large is where nothing changed.

    Source: Yurdakul, B. (2018). Statistical properties of the population stability index. Western Michigan University.

    Args:
        index: What `stability_index` returned.
        bins: Bins that it was computed of.
        size: Independent observations behind the one histogram.
        size_before: The same of the other one.
    """
    return float(chdtrc(max(bins - 1, 1), index / (1 / size + 1 / size_before)))


def kolmogorov_smirnov(now: ArrayLike, before: ArrayLike) -> float:
    """Return the largest distance between the cumulative shares of two histograms."""
    cumulative = [np.cumsum(side, dtype=np.float64) / np.sum(side) for side in (now, before)]
    return float(np.abs(cumulative[0] - cumulative[1]).max())


def _share(sums: Sums, label: int, run: str, round_to: int | None = None) -> float:
    return rounded(sums[f"x_{run}_{label}"], round_to) / rounded(sums[f"n_{run}"], round_to)


def _variance(sums: Sums, label: int, runs: Sequence[str]) -> float:
    """Sum over authors of what each adds to the linearised difference, or to one run's share, squared."""
    weights: dict[str, float] = {}
    for run in runs:
        sign, documents = (1 if run == RUNS[0] else -1), float(sums[f"n_{run}"])
        weights[f"x_{run}_{label}"] = sign / documents
        weights[f"n_{run}"] = -sign * _share(sums, label, run) / documents
    products = (w * v * float(sums[product_name(a, b)]) for a, w in weights.items() for b, v in weights.items())
    return max(sum(products), 0.0)

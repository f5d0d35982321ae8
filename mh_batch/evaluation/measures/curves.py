"""Curves of probabilities: ROC, precision by recall, reliability."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mh_batch.evaluation.measures.metrics import BINS, Flags, Floats, bins_of, once, ratio

# Points that a drawn curve is thinned to: more cannot be seen.
_MOST_POINTS = 200

Point = dict[str, float]


def cut_counts(truth: Flags, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each distinct score, highest first, with the positives and the negatives that reach it."""
    values, place = np.unique(-scores, return_inverse=True)
    positives, negatives = (np.cumsum(np.bincount(place[side], minlength=len(values))) for side in (truth, ~truth))
    return -values, positives.astype(np.float64), negatives.astype(np.float64)


def roc_curve(truth: Flags, scores: Floats) -> list[Point]:
    """Share of negatives (x) and of positives (y) that reach each threshold; empty where one of them is missing."""
    if truth.all() or not truth.any():
        return []
    _, positives, negatives = cut_counts(truth, scores)
    x, y = np.append(0.0, negatives / negatives[-1]), np.append(0.0, positives / positives[-1])
    return list(_thinned(x, y))


def precision_recall_curve(truth: Flags, scores: Floats) -> list[Point]:
    """Recall (x) and precision (y) at each threshold; empty where there are no positives."""
    if not truth.any():
        return []
    _, positives, negatives = cut_counts(truth, scores)
    return list(_thinned(positives / positives[-1], positives / (positives + negatives)))


def _thinned(x: Floats, y: Floats) -> Iterator[Point]:
    """Points at about even distances along the curve, its ends among them."""
    along = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    wanted = np.searchsorted(along, np.linspace(0, along[-1], _MOST_POINTS))
    for row in np.unique(np.append(wanted, [0, len(x) - 1])):
        yield {"x": float(x[row]), "y": float(y[row])}


def reliability_curve(truth: Flags, scores: Floats, bins: int = BINS) -> list[dict[str, float | int]]:
    """For each bin of P(label) that holds rows: its ends, rows, mean probability, and the share of positives.

    Args:
        truth: Whether each row has the label.
        scores: Its P(label).
        bins: How many, of equal width.
    """
    found = bins_of(truth, scores, once(len(scores)), bins)
    means, shares = ratio(found.probabilities, found.rows)[0], ratio(found.positives, found.rows)[0]
    return [
        {
            "low": i / bins,
            "high": (i + 1) / bins,
            "n": int(found.rows[0, i]),
            "mean_probability": float(means[i]),
            "share_positive": float(shares[i]),
        }
        for i in np.flatnonzero(found.rows[0])
    ]

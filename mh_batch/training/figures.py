"""Figures of a model on held-out rows, by their textbook definitions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def binary(truth: Flags, said: Flags) -> dict[str, float]:
    """Rows, accuracy, precision, recall (sensitivity), specificity and F1 of yes/no answers."""
    hit, false_alarm = float((truth & said).sum()), float((~truth & said).sum())
    missed, rest = float((truth & ~said).sum()), float((~truth & ~said).sum())
    return {
        "n": len(truth),
        "support": int(truth.sum()),
        "accuracy": (hit + rest) / len(truth),
        "precision": _ratio(hit, hit + false_alarm),
        "recall": _ratio(hit, hit + missed),
        "specificity": _ratio(rest, rest + false_alarm),
        "f1": _ratio(2 * hit, 2 * hit + false_alarm + missed),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def roc_auc(truth: Flags, scores: Scores) -> float:
    """Chance that a random positive scores above a random negative; ties count half (Mann-Whitney)."""
    values, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place, minlength=len(values))
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = int(truth.sum())
    negative = len(truth) - positive
    return float((rank[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def best_threshold(claims: Scores, scores: Scores) -> float:
    """The threshold, in hundredths, with the best F1 on rows where the claim is known (not NaN)."""
    known = ~np.isnan(claims)
    grid = np.arange(5, 96) / 100
    f1 = [binary(claims[known] == 1, scores[known] >= threshold)["f1"] for threshold in grid]
    return float(grid[int(np.argmax(f1))])


def multi_label(
    labels: Sequence[str], claims: Scores, scores: Scores, thresholds: Sequence[float]
) -> dict[str, object]:
    """Macro-F1 and the figures of every label, each on the rows where it is known (not NaN)."""
    per_label: dict[str, dict[str, float]] = {}
    for k, label in enumerate(labels):
        known = ~np.isnan(claims[:, k])
        truth, said = claims[known, k] == 1, scores[known, k] >= thresholds[k]
        per_label[label] = {"threshold": thresholds[k], **binary(truth, said)}
    return {"macro_f1": float(np.mean([f["f1"] for f in per_label.values()])), "labels": per_label}

"""Figures of a model on held-out rows, as plain numbers; the formulas are those of `mh_batch.evaluation.metrics`."""

from collections.abc import Sequence

import numpy as np

from mh_batch.evaluation.metrics import Flags, Floats, Ranking, confusion, once

Scores = Floats
"""Probabilities of labels, or claims about them."""


def binary(truth: Flags, said: Flags) -> dict[str, float]:
    """Rows, accuracy, precision, recall (sensitivity), specificity and F1 of yes/no answers; 0 if not defined."""
    counted = confusion(truth, said, once(len(truth)))
    figures = {
        "accuracy": counted.accuracy,
        "precision": counted.precision,
        "recall": counted.recall,
        "specificity": counted.negated.recall,
        "f1": counted.f1,
    }
    plain = {name: float(np.nan_to_num(value[0])) for name, value in figures.items()}
    return {"n": len(truth), "support": int(truth.sum()), **plain}


def roc_auc(truth: Flags, scores: Scores) -> float:
    """Chance that a random positive scores above a random negative."""
    return float(Ranking.of(truth, scores, once(len(truth))).roc_auc[0])


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

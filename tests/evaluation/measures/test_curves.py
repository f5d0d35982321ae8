"""Formulas against scikit-learn, and against counts by hand."""

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from mh_batch.evaluation.measures import metrics
from mh_batch.evaluation.measures.curves import cut_counts, precision_recall_curve, reliability_curve, roc_curve
from tests.evaluation.measures.random_scores import EXACT, draws


def test_the_reliability_curve_is_scikit_learns() -> None:
    truth, _, scores = draws(1, decimals=9)
    shares, means = calibration_curve(truth, scores, n_bins=metrics.BINS)
    found = reliability_curve(truth, scores)
    assert [row["share_positive"] for row in found] == pytest.approx(list(shares), abs=EXACT)
    assert [row["mean_probability"] for row in found] == pytest.approx(list(means), abs=EXACT)


def test_drawn_curves_lie_on_scikit_learns_and_keep_their_ends() -> None:
    truth, _, scores = draws(2, rows=3000, decimals=9)
    x, y, _ = sk.roc_curve(truth, scores, drop_intermediate=False)
    points = roc_curve(truth, scores)
    on_curve = set(zip(x.round(12), y.round(12), strict=True))
    assert {(round(p["x"], 12), round(p["y"], 12)) for p in points} <= on_curve
    assert (points[0], points[-1]) == ({"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0})
    precision, recall, _ = sk.precision_recall_curve(truth, scores)
    on_curve = set(zip(recall.round(12), precision.round(12), strict=True))
    drawn = precision_recall_curve(truth, scores)
    assert {(round(p["x"], 12), round(p["y"], 12)) for p in drawn} <= on_curve
    assert len(drawn) <= 202
    assert drawn[-1]["x"] == 1.0


def test_curves_of_one_class_are_empty() -> None:
    nothing, scores = np.zeros(3, np.bool_), np.array([0.1, 0.2, 0.3])
    assert roc_curve(nothing, scores) == precision_recall_curve(nothing, scores) == []
    assert roc_curve(~nothing, scores) == []


def test_cuts_count_ties_together() -> None:
    cuts, positives, negatives = cut_counts(np.array([1, 0, 1], np.bool_), np.array([0.5, 0.5, 0.9]))
    assert (list(cuts), list(positives), list(negatives)) == ([0.9, 0.5], [1, 2], [0, 1])

"""Formulas against scikit-learn, and against counts by hand."""

import numpy as np
import pytest
from sklearn import metrics as sk

from mh_batch.evaluation.measures import metrics
from mh_batch.evaluation.measures.curves import reliability_curve
from mh_batch.evaluation.measures.metrics import (
    COUNTS,
    averaged,
    confusion,
    label_figures,
    once,
    roc_auc_by_predicted_class,
)
from tests.evaluation.measures.random_scores import EXACT, draws


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("decimals", [1, 2, 9])
def test_figures_agree_with_scikit_learn_row_by_row_and_under_weights(seed: int, decimals: int) -> None:
    truth, said, scores = draws(seed, decimals=decimals)
    weights = np.vstack([once(len(truth)), np.random.default_rng(seed + 9).integers(0, 4, (2, len(truth)))])
    found = label_figures(truth, said, scores, weights)
    found["as_published"] = roc_auc_by_predicted_class(truth, said, scores, weights)
    for row, weight in enumerate(weights):
        own = {"sample_weight": weight}
        (rests, false), (missed, hits) = sk.confusion_matrix(truth, said, **own)
        expected = {
            **dict(zip(COUNTS, (hits, false, missed, rests), strict=True)),
            "accuracy": sk.accuracy_score(truth, said, **own),
            "precision": sk.precision_score(truth, said, **own),
            "recall": sk.recall_score(truth, said, **own),
            "specificity": sk.recall_score(~truth, ~said, **own),
            "f1": sk.f1_score(truth, said, **own),
            "f1_macro": sk.f1_score(truth, said, average="macro", **own),
            "f1_weighted": sk.f1_score(truth, said, average="weighted", **own),
            "roc_auc": sk.roc_auc_score(truth, scores, **own),
            "pr_auc": sk.average_precision_score(truth, scores, **own),
            "brier": sk.brier_score_loss(truth, scores, **own),
            "as_published": sk.roc_auc_score(truth, np.where(said, scores, 1 - scores), **own),
        }
        for name, value in expected.items():
            assert found[name][row] == pytest.approx(value, abs=EXACT), name


@pytest.mark.parametrize("average", metrics.AVERAGES)
def test_averages_over_labels_agree_with_scikit_learn(average: str) -> None:
    parts = [draws(seed) for seed in range(3)]
    truth, said = (np.stack([part[i] for part in parts], axis=1) for i in (0, 1))
    found = averaged([confusion(t, s, once(len(t))) for t, s, _ in parts], average)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(truth, said, average=average)
    for name, value in {"precision": precision, "recall": recall, "f1": f1}.items():
        assert found[name][0] == pytest.approx(value, abs=EXACT)


def test_figures_of_a_count_by_hand() -> None:
    """Two hits, one miss, one false alarm, four rests; of 3 x 5 pairs two positives beat all five, one beats four."""
    truth = np.array([1, 1, 1, 0, 0, 0, 0, 0], np.bool_)
    scores = np.array([0.9, 0.8, 0.4, 0.6, 0.3, 0.3, 0.2, 0.1])
    found = label_figures(truth, scores >= 0.5, scores, once(8))
    assert found["accuracy"][0] == pytest.approx(6 / 8)
    assert found["precision"][0] == pytest.approx(2 / 3)
    assert found["recall"][0] == pytest.approx(2 / 3)
    assert found["specificity"][0] == pytest.approx(4 / 5)
    assert found["f1"][0] == pytest.approx(2 / 3)
    assert found["f1_macro"][0] == pytest.approx((2 / 3 + 8 / 10) / 2)
    assert found["roc_auc"][0] == pytest.approx((5 + 5 + 4) / 15)
    assert found["pr_auc"][0] == pytest.approx((1 + 1 + 3 / 4) / 3)
    squares = (0.01 + 0.04 + 0.36) + (0.36 + 0.09 + 0.09 + 0.04 + 0.01)
    assert found["brier"][0] == pytest.approx(squares / 8)


def test_calibration_error_by_hand_and_with_certain_scores() -> None:
    """Bins 0.0-0.1 (mean 0.05, none of two), 0.8-0.9 (mean 0.85, one of two), 0.9-1 (mean 1, all of one)."""
    truth = np.array([0, 0, 1, 0, 1], np.bool_)
    scores = np.array([0.04, 0.06, 0.84, 0.86, 1.0])
    found = metrics.calibration_error(truth, scores, once(5))[0]
    assert found == pytest.approx((2 * 0.05 + 2 * 0.35 + 0) / 5)
    assert [(row["low"], row["n"]) for row in reliability_curve(truth, scores)] == [(0.0, 2), (0.8, 2), (0.9, 1)]


@pytest.mark.parametrize(
    ("truth", "undefined"),
    [
        ([0, 0, 0], {"recall", "f1", "f1_macro", "f1_weighted", "roc_auc", "pr_auc"}),
        ([1, 1, 1], {"specificity", "f1_macro", "f1_weighted", "roc_auc"}),
        (
            [],
            {"accuracy", "precision", "recall", "specificity", "f1", "f1_macro", "f1_weighted", "roc_auc", "pr_auc"}
            | {"brier", "ece"},
        ),
    ],
)
def test_what_a_missing_class_leaves_undefined_is_nan_and_nothing_else(truth: list[int], undefined: set[str]) -> None:
    rows = len(truth)
    said = np.arange(rows) == 0
    found = label_figures(np.array(truth, np.bool_), said, np.linspace(0.9, 0.1, rows), once(rows))
    assert {name for name, value in found.items() if np.isnan(value[0])} == undefined


def test_precision_is_undefined_where_nothing_was_marked_and_f1_is_zero() -> None:
    truth = np.array([1, 0], np.bool_)
    found = label_figures(truth, np.zeros(2, np.bool_), np.array([0.4, 0.3]), once(2))
    assert np.isnan(found["precision"][0])
    assert found["f1"][0] == 0


def test_ranking_by_the_predicted_class_can_turn_a_perfect_model_into_a_bad_one() -> None:
    """Confident rests and hesitant hits: P(class 1) orders all pairs rightly, the predicted class none."""
    truth = np.array([0, 0, 1, 1], np.bool_)
    scores = np.array([0.01, 0.02, 0.7, 0.8])
    assert label_figures(truth, scores >= 0.5, scores, once(4))["roc_auc"][0] == 1.0
    assert roc_auc_by_predicted_class(truth, scores >= 0.5, scores, once(4))[0] == 0.0

import numpy as np
import pytest

from mh_batch.training.figures import best_threshold, binary, multi_label, roc_auc


def test_binary_figures_of_a_hand_count() -> None:
    truth = np.array([1, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    said = np.array([1, 1, 0, 1, 0, 0, 0, 0], dtype=bool)
    found = binary(truth, said)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["specificity"] == pytest.approx(4 / 5)
    assert found["accuracy"] == pytest.approx(6 / 8)


def test_roc_auc_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(0)
    truth = draw.random(300) < 0.3
    scores = np.round(draw.random(300) + 0.3 * truth, 1).astype(np.float64)
    assert roc_auc(truth, scores) == pytest.approx(roc_auc_score(truth, scores))


def test_thresholds_and_figures_ignore_unknown_claims() -> None:
    claims = np.array([[1.0], [0.0], [np.nan], [1.0], [0.0]])
    scores = np.array([[0.4], [0.2], [0.9], [0.35], [0.1]])
    threshold = best_threshold(claims[:, 0], scores[:, 0])
    assert 0.2 < threshold <= 0.35
    found = multi_label(["anxious"], claims, scores, [threshold])
    assert found["macro_f1"] == 1.0
    assert found["labels"]["anxious"]["n"] == 4  # type: ignore[index]

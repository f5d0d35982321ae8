import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from mh_batch.training.objective import Objective, balanced_weights, softened_divergence, summary_distance

UNKNOWN = float("nan")


def test_exclusive_labels_have_the_log_loss() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [1.0, 1.0, -2.0]], dtype=torch.float64)
    truth = [0, 2, 1]
    targets = torch.eye(3, dtype=torch.float64)[truth]
    expected = log_loss(truth, torch.softmax(logits, dim=1).numpy())
    assert Objective(exclusive=True)(logits, None, {"targets": targets}).item() == pytest.approx(expected)


def test_independent_labels_have_the_log_loss_of_what_is_known() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.1, 0.2]], dtype=torch.float64)
    targets = torch.tensor([[1.0, UNKNOWN], [0.0, 1.0]], dtype=torch.float64)
    said = torch.sigmoid(logits).numpy()
    expected = log_loss([1, 0, 1], [said[0, 0], said[1, 0], said[1, 1]])
    assert Objective(exclusive=False)(logits, None, {"targets": targets}).item() == pytest.approx(expected)


def test_balanced_weights_of_exclusive_labels_are_scikit_learns() -> None:
    truth = np.array([0, 0, 0, 1, 2, 2])
    targets = np.eye(3, dtype=np.float32)[truth]
    expected = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    assert balanced_weights(targets, exclusive=True).tolist() == pytest.approx(expected.tolist())


def test_balanced_weights_of_independent_labels_are_negatives_by_positives() -> None:
    targets = np.array([[1, UNKNOWN], [0, 1], [0, 0], [0, 1]], dtype=np.float32)
    assert balanced_weights(targets, exclusive=False).tolist() == pytest.approx([3, 0.5])


def test_texts_without_a_label_follow_the_teacher_alone() -> None:
    logits = torch.tensor([[3.0, -3.0]])
    nothing_known = torch.full((1, 2), UNKNOWN)
    objective = Objective(exclusive=True, answers=1.0)
    agreeing = objective(logits, None, {"targets": nothing_known, "answers": logits}).item()
    assert agreeing == pytest.approx(0, abs=1e-6)
    assert objective(logits, None, {"targets": nothing_known, "answers": -logits}).item() > 1


def test_a_teacher_is_followed_in_the_rows_that_it_speaks_of_and_in_no_other() -> None:
    logits, targets = torch.tensor([[3.0, -3.0], [1.0, 2.0]], requires_grad=True), torch.full((2, 2), UNKNOWN)
    objective = Objective(exclusive=True, answers=1.0, temperature=1.0)
    answers = torch.tensor([[-3.0, 3.0], [UNKNOWN, UNKNOWN]])
    half = objective(logits, None, {"targets": targets, "answers": answers})
    alone = objective(logits[:1], None, {"targets": targets[:1], "answers": answers[:1]})
    assert half.item() == pytest.approx(alone.item() / 2)
    half.backward()  # type: ignore[no-untyped-call]  # torch ships it without types
    assert logits.grad is not None
    assert logits.grad[1].tolist() == [0, 0]
    nothing = objective(logits, None, {"targets": targets, "answers": torch.full((2, 2), UNKNOWN)})
    assert nothing.item() == 0
    assert nothing.requires_grad


def test_a_student_that_says_what_the_teacher_says_has_no_divergence() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.3, 0.4]])
    assert softened_divergence(logits, logits + 7, 2.0).item() == pytest.approx(0, abs=1e-6)
    assert softened_divergence(logits, -logits, 2.0).item() > 0


def test_the_summary_distance_ignores_length() -> None:
    summary = torch.tensor([[1.0, 2.0]])
    assert summary_distance(summary, 3 * summary).item() == pytest.approx(0, abs=1e-6)
    assert summary_distance(summary, -summary).item() == pytest.approx(2)

import pytest
import torch

from mh_batch.training.distillation import softened_divergence, summary_distance


def test_a_student_that_says_what_the_teacher_says_has_no_divergence() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.3, 0.4]])
    assert softened_divergence(logits, logits + 7, 2.0).item() == pytest.approx(0, abs=1e-6)
    assert softened_divergence(logits, -logits, 2.0).item() > 0


def test_the_summary_distance_ignores_length() -> None:
    summary = torch.tensor([[1.0, 2.0]])
    assert summary_distance(summary, 3 * summary).item() == pytest.approx(0, abs=1e-6)
    assert summary_distance(summary, -summary).item() == pytest.approx(2)

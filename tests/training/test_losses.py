import math

import pytest
import torch

from mh_batch.training.distillation import known_binary_loss, softened_divergence, summary_distance


def test_unknown_claims_do_not_enter_the_loss() -> None:
    claims = torch.tensor([[1.0, float("nan")], [float("nan"), float("nan")]])
    loss = known_binary_loss(torch.tensor([[0.0, 50.0], [-50.0, 50.0]]), claims)
    assert loss.item() == pytest.approx(math.log(2))


def test_unknown_claims_have_no_gradient() -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    loss = known_binary_loss(logits, torch.tensor([[1.0, float("nan")]]))
    assert torch.autograd.grad(loss, logits)[0].tolist() == [[-0.5, 0.0]]


def test_a_student_that_says_what_the_teacher_says_has_no_divergence() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.3, 0.4]])
    assert softened_divergence(logits, logits + 7, 2.0).item() == pytest.approx(0, abs=1e-6)
    assert softened_divergence(logits, -logits, 2.0).item() > 0


def test_the_summary_distance_ignores_length() -> None:
    summary = torch.tensor([[1.0, 2.0]])
    assert summary_distance(summary, 3 * summary).item() == pytest.approx(0, abs=1e-6)
    assert summary_distance(summary, -summary).item() == pytest.approx(2)

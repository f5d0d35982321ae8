"""The loss that training minimises: errors on labels, and distance from a teacher."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.training.data.prepared_splits import Targets


def softened_divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence of softmax outputs at a temperature, times its square (Hinton et al. 2015).

    Args:
        student: Logits (rows x labels).
        teacher: Logits of the same rows.
        temperature: That both are divided by.
    """
    wanted = functional.log_softmax(teacher / temperature, dim=-1)
    got = functional.log_softmax(student / temperature, dim=-1)
    divergence = functional.kl_div(got, wanted, log_target=True, reduction="batchmean")
    return divergence * temperature**2


def summary_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """One minus the cosine between the student's projected summary and the teacher's, mean over rows."""
    return (1 - functional.cosine_similarity(student, teacher, dim=-1)).mean()


@dataclass(frozen=True)
class Objective:
    """The loss of a batch.

    Attributes:
        exclusive: Softmax over the labels; else a sigmoid for each.
        weights: Of the labels (exclusive), or of their positive rows (independent).
        label_smoothing: Share of certainty taken from the labels.
        answers: Weight of the divergence from the teacher's probabilities.
        temperature: At which these are compared.
        summary: Weight of the distance from the teacher's summaries.
    """

    exclusive: bool
    weights: Tensor | None = None
    label_smoothing: float = 0.0
    answers: float = 0.0
    temperature: float = 2.0
    summary: float = 0.0

    def __call__(self, logits: Tensor, summary: Tensor | None, targets: Mapping[str, Tensor]) -> Tensor:
        """Return the loss.

        Args:
            logits: Rows x labels.
            summary: The student's (rows x teacher's width), if the teacher's are followed.
            targets: `targets` (rows x labels; NaN: unknown), and of a teacher `answers` (logits) and `summaries`, whose
                rows are NaN where it is not followed.
        """
        loss = self._errors(logits, targets["targets"])
        if self.answers and "answers" in targets:
            loss = loss + self.answers * _over_followed(self._divergence, logits, targets["answers"])
        if summary is not None and "summaries" in targets:
            loss = loss + self.summary * _over_followed(summary_distance, summary, targets["summaries"])
        return loss

    def _errors(self, logits: Tensor, targets: Tensor) -> Tensor:
        errors = _exclusive_errors if self.exclusive else _independent_errors
        return errors(self, logits, targets)

    def _divergence(self, logits: Tensor, answers: Tensor) -> Tensor:
        if self.exclusive:
            return softened_divergence(logits, answers, self.temperature)
        return functional.binary_cross_entropy_with_logits(logits, torch.sigmoid(answers))


def _over_followed(distance: Callable[[Tensor, Tensor], Tensor], student: Tensor, teacher: Tensor) -> Tensor:
    """Distance over the rows that the teacher is followed in, as the mean over all rows of the batch."""
    followed = ~torch.isnan(teacher).any(dim=1)
    if not followed.any():
        return 0 * student.sum()  # processes that share a training wait for the gradient of every weight
    return distance(student[followed], teacher[followed]) * followed.float().mean()


def _exclusive_errors(objective: Objective, logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the rows that have a label, over all rows of the batch."""
    known = ~torch.isnan(targets).any(dim=1)
    errors = functional.cross_entropy(
        logits[known], targets[known], objective.weights, label_smoothing=objective.label_smoothing, reduction="sum"
    )
    return errors / len(logits)


def _independent_errors(objective: Objective, logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross-entropy over what is known."""
    known = ~torch.isnan(targets)
    smooth = targets.nan_to_num() * (1 - objective.label_smoothing) + objective.label_smoothing / 2
    errors = functional.binary_cross_entropy_with_logits(logits, smooth, pos_weight=objective.weights, reduction="none")
    return (errors * known).sum() / known.sum().clamp(min=1)


def balanced_weights(targets: Targets, exclusive: bool) -> Tensor:
    """Weights by which all labels count alike.

    Rows / (labels x rows of the label) where they exclude each other, as in scikit-learn's `balanced`; negative rows /
    positive rows of each where they do not.
    """
    found = torch.from_numpy(targets)
    present = (found == 1).sum(dim=0).clamp(min=1)
    if exclusive:
        return len(found) / (found.shape[1] * present)
    return (found == 0).sum(dim=0) / present

"""Losses by which a student follows labels and a teacher."""

from torch import Tensor
from torch.nn import functional


def softened_divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence of softmax outputs at a temperature, times its square (Hinton et al. 2015)."""
    wanted = functional.log_softmax(teacher / temperature, dim=-1)
    got = functional.log_softmax(student / temperature, dim=-1)
    divergence = functional.kl_div(got, wanted, log_target=True, reduction="batchmean")
    return divergence * temperature**2


def summary_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """One minus the cosine between the student's projected summary and the teacher's, mean over rows."""
    return (1 - functional.cosine_similarity(student, teacher, dim=-1)).mean()

"""A student at its desk: the model, the token rows that it learns from, and the teacher's summaries of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from mh_batch.training.batching import masked, padded, shifted_positions
from mh_batch.training.distillation import summary_distance
from mh_batch.training.teacher import Matrix
from mh_batch.training.untyped import HuggingFaceModel
from mh_batch.training.vocabulary import MASK, number_of

Summarise = Callable[[HuggingFaceModel, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Noise:
    """The share of tokens hidden in training, and over how many positions the texts are moved."""

    mask_share: float
    positions: int


class Pupil(nn.Module):
    """Reads chosen rows; keeps a linear bridge from its own summary to the teacher's, which is not shipped."""

    def __init__(
        self,
        student: HuggingFaceModel,
        summarise: Summarise,
        tokenizer: Tokenizer,
        rows: Sequence[Sequence[int]],
        summaries: Matrix | None,
        noise: Noise,
    ) -> None:
        """Seat the student.

        `summarise` computes the state that its classifier reads (see `first_token`); `summaries` holds the teacher's
        summary of each row, if there is a teacher.
        """
        super().__init__()
        self.student, self.summarise, self.rows, self.noise = student, summarise, rows, noise
        self.mask = number_of(tokenizer, MASK)
        self.wanted = None if summaries is None else _centred(torch.from_numpy(summaries))
        self.bridge = None if self.wanted is None else nn.Linear(student.config.hidden_size, self.wanted.shape[1])

    def forward(self, chosen: list[int]) -> tuple[Tensor, Tensor]:
        """Logits (rows by labels) and the distance of the summaries from the teacher's (0 without a teacher)."""
        ids, valid = padded([self.rows[row] for row in chosen])
        positions = shifted_positions(ids, self.noise.positions)
        hidden = masked(ids, self.noise.mask_share, self.mask)
        summary = self.summarise(self.student.base_model, hidden, valid, positions)
        logits: Tensor = self.student.classifier(summary)
        if self.bridge is None or self.wanted is None:
            return logits, logits.new_zeros(())
        return logits, summary_distance(self.bridge(summary[:, 0]), self.wanted[chosen])


def _centred(summary: Tensor) -> Tensor:
    return summary - summary.mean(0)

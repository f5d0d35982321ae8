"""A classifier in training: what `Trainer` calls, with noise on what it reads and a bridge to a teacher."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mh_batch.training.batching import masked, shifted_positions
from mh_batch.training.first_token import summary_of
from mh_batch.training.untyped import HuggingFaceModel


@dataclass(frozen=True)
class Noise:
    """What is done to token rows in training.

    Attributes:
        mask_share: Share of the ordinary tokens that are hidden.
        mask: Number of the token that hides them.
        positions: Over how many positions texts are moved; None leaves them where they are.
    """

    mask_share: float
    mask: int
    positions: int | None


class Learner(nn.Module):
    """Reads token rows; its logits are those of the classifier, which is what is kept of it."""

    def __init__(self, classifier: HuggingFaceModel, noise: Noise | None, teacher_width: int | None) -> None:
        """Take a sequence classifier.

        Args:
            classifier: Hugging Face's XLM-R or Longformer.
            noise: On what it reads, for new small models; they are computed for the first token alone. None runs
                Hugging Face's own forward pass, dropout and all.
            teacher_width: Width of the teacher's summaries, if they are followed.
        """
        super().__init__()
        self.classifier, self._noise = classifier, noise
        self.bridge = None if teacher_width is None else nn.Linear(classifier.config.hidden_size, teacher_width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (rows x labels), and the summary (rows x teacher's width) if a teacher's is followed."""
        if self._noise is None:
            logits: Tensor = self.classifier(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits, None
        positions = None
        if self.training:
            input_ids = masked(input_ids, self._noise.mask_share, self._noise.mask)
            positions = self._noise.positions
        places = shifted_positions(input_ids, positions)
        summary = summary_of(self.classifier)(self.classifier.base_model, input_ids, attention_mask, places)
        bridged = None if self.bridge is None else self.bridge(summary[:, 0])
        return self.classifier.classifier(summary), bridged

"""Whether a cheaper precision says what fp32 says, text by text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mh_batch.inference import TextScore, load_scorer
from mh_batch.inference.execution import Execution, choose_execution
from mh_batch.models import Model
from mh_batch.models.labels import given_labels, thresholds_of
from mh_batch.settings import PrecisionChoice

_SAY_EVERY = 1000


@dataclass(frozen=True)
class Agreement:
    """One precision against fp32.

    Attributes:
        precision: The precision.
        texts: Texts that both could score.
        failed: Texts that only one of them could score.
        flips: Texts that are given other labels.
        percentile_999: Of the texts' largest differences of a label's probability.
        largest: The largest of them.
    """

    precision: str
    texts: int
    failed: int
    flips: int
    percentile_999: float
    largest: float


def measure_agreement(
    model: Model, texts: Sequence[str], precisions: Sequence[PrecisionChoice], device: str, say: Callable[[str], None]
) -> list[Agreement]:
    """Score all texts in fp32 and in each of `precisions`, and compare; SettingsError if the model cannot have one."""
    executions = {precision: choose_execution(model, "auto", precision) for precision in precisions}

    def scores(execution: Execution) -> list[TextScore]:
        scorer = load_scorer(model, execution, device)
        found: dict[int, TextScore] = {}
        for number, score in scorer.stream(enumerate(texts)):
            found[number] = score
            if len(found) % _SAY_EVERY == 0:
                say(f"{execution.precision}: {len(found):,} of {len(texts):,} texts scored")
        return [found[number] for number in range(len(texts))]

    wanted = scores(choose_execution(model, "auto", "fp32")) if precisions else []
    return [compare(model, name, wanted, scores(execution)) for name, execution in executions.items()]


def compare(model: Model, precision: str, wanted: Sequence[TextScore], found: Sequence[TextScore]) -> Agreement:
    """Compare scores of the same texts."""
    thresholds = thresholds_of(model.card, {})
    both = [(one.probabilities, other.probabilities) for one, other in zip(wanted, found, strict=True)]
    pairs = [(one, other) for one, other in both if one and other]
    failed = sum((one is None) != (other is None) for one, other in both)
    flips = sum(
        given_labels(model.card, thresholds, one) != given_labels(model.card, thresholds, other) for one, other in pairs
    )
    differences = [float(np.abs(np.subtract(one, other)).max()) for one, other in pairs] or [0.0]
    return Agreement(precision, len(pairs), failed, flips, float(np.quantile(differences, 0.999)), max(differences))

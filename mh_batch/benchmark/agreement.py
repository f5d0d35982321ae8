"""Agreement of a cheaper precision with fp32, text by text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mh_batch.inference import Execution, TokenizedTexts, choose_execution, load_scorer, load_tokenizer
from mh_batch.inference.windows import Floats
from mh_batch.models import Model
from mh_batch.models.labels import given_labels, thresholds_of
from mh_batch.settings import PrecisionChoice

_TEXTS_AT_ONCE = 1000


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
    """Score all texts in fp32 and in each of `precisions`, and compare.

    Args:
        model: To run.
        texts: To score.
        precisions: To compare with fp32.
        device: "cpu" or "cuda".
        say: Takes one line of progress at a time.

    Raises:
        SettingsError: the model cannot have a precision.
    """
    executions = {precision: choose_execution(model, "auto", precision) for precision in precisions}
    if not executions:
        return []
    tokenizer = load_tokenizer(model)
    starts = range(0, len(texts), _TEXTS_AT_ONCE)
    tokens = [tokenizer.tokenize(texts[start : start + _TEXTS_AT_ONCE]) for start in starts]
    wanted = _scores(model, tokens, choose_execution(model, "auto", "fp32"), device, say)
    return [
        compare_probabilities(model, name, wanted, _scores(model, tokens, execution, device, say))
        for name, execution in executions.items()
    ]


def _scores(
    model: Model, tokens: Sequence[TokenizedTexts], execution: Execution, device: str, say: Callable[[str], None]
) -> Floats:
    scorer = load_scorer(model, execution, device)
    total = sum(map(len, tokens))
    found = np.full((total, len(model.card.labels)), np.nan)
    done = said = 0
    for scored in scorer.score_tokens(tokens):
        found[scored.numbers] = scored.probabilities
        done += len(scored)
        if done - said >= _TEXTS_AT_ONCE:
            said = done
            say(f"{model.card.name}, {execution.precision}: {done:,} of {total:,} texts scored")
    return found


def compare_probabilities(model: Model, precision: str, wanted: Floats, found: Floats) -> Agreement:
    """Compare probabilities of the same texts.

    Args:
        model: Whose thresholds decide.
        precision: Of `found`.
        wanted: Texts x labels; NaN where a text could not be scored.
        found: Likewise.
    """
    thresholds = thresholds_of(model.card, {})
    lacking, missed = np.isnan(wanted).any(axis=1), np.isnan(found).any(axis=1)
    both = ~lacking & ~missed
    pairs = zip(wanted[both].tolist(), found[both].tolist(), strict=True)
    flips = sum(
        given_labels(model.card, thresholds, one) != given_labels(model.card, thresholds, other) for one, other in pairs
    )
    differences = np.abs(wanted[both] - found[both]).max(axis=1) if both.any() else np.zeros(1)
    failed = int((lacking != missed).sum())
    percentile, largest = float(np.quantile(differences, 0.999)), float(differences.max())
    return Agreement(precision, int(both.sum()), failed, flips, percentile, largest)

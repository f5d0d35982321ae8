"""The figures of yes/no answers, over many weightings of the same rows at once. Every formula stands here only.

A weighting says how often each row counts: once each for the figure itself, as often as it was drawn for a bootstrap.
What is not defined (a recall without positives, a precision where nothing was marked) is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Bins of P(label) for calibration, of equal width.
BINS = 10

COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")
AVERAGES = ("macro", "weighted", "micro")


@dataclass(frozen=True)
class Confusion:
    """Weighted counts of the four outcomes, one of each for each weighting."""

    true_positives: Floats
    false_positives: Floats
    false_negatives: Floats
    true_negatives: Floats

    @property
    def positives(self) -> Floats:
        """Rows that have the label."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> Floats:
        """Rows that do not."""
        return self.true_negatives + self.false_positives

    @property
    def accuracy(self) -> Floats:
        """Share of right answers."""
        return ratio(self.true_positives + self.true_negatives, self.positives + self.negatives)

    @property
    def precision(self) -> Floats:
        """Of the rows marked, the share that has the label."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Floats:
        """Of the rows that have the label, the share marked: sensitivity."""
        return ratio(self.true_positives, self.positives)

    @property
    def f1(self) -> Floats:
        """Harmonic mean of precision and recall; not defined without positives."""
        found = ratio(2 * self.true_positives, self.positives + self.true_positives + self.false_positives)
        found[self.positives == 0] = np.nan
        return found

    @property
    def negated(self) -> Confusion:
        """The same answers, asked about the rows that do not have the label."""
        return Confusion(self.true_negatives, self.false_negatives, self.false_positives, self.true_positives)


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part by whole; NaN where there is no whole."""
    found: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return found


def once(rows: int) -> Floats:
    """Return the one weighting that counts each row once."""
    return np.ones((1, rows))


def confusion(truth: Flags, said: Flags, weights: Floats) -> Confusion:
    """Count the outcomes.

    Args:
        truth: Whether each row has the label.
        said: Whether it was marked.
        weights: Weightings x rows.
    """
    outcomes = np.stack([truth & said, ~truth & said, truth & ~said, ~truth & ~said], axis=1)
    return Confusion(*(weights @ outcomes.astype(np.float64)).T)


@dataclass(frozen=True)
class Ranking:
    """Weights of positives and of negatives at each distinct score, lowest first (weightings x scores)."""

    positive: Floats
    negative: Floats

    @classmethod
    def of(cls, truth: Flags, scores: Floats, weights: Floats) -> Ranking:
        """Put rows in the order of their scores.

        Args:
            truth: Whether each row has the label.
            scores: P(label) of each row.
            weights: Weightings x rows.
        """
        order = np.argsort(scores, kind="stable")
        starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
        ordered, has = weights[:, order], truth[order]
        return cls(*(np.add.reduceat(ordered * side, starts, axis=1) for side in (has, ~has)))

    @property
    def roc_auc(self) -> Floats:
        """Chance that a random positive scores above a random negative; ties count half (Mann-Whitney)."""
        below = np.cumsum(self.negative, axis=1) - self.negative / 2
        return ratio((self.positive * below).sum(axis=1), self.positive.sum(axis=1) * self.negative.sum(axis=1))

    @property
    def average_precision(self) -> Floats:
        """Area under the precision-recall curve, in steps: precision at each score, by the recall gained there."""
        positive, negative = self.positive[:, ::-1], self.negative[:, ::-1]
        hits = np.cumsum(positive, axis=1)
        precision = np.nan_to_num(ratio(hits, hits + np.cumsum(negative, axis=1)))
        return ratio((positive * precision).sum(axis=1), positive.sum(axis=1))


def brier(truth: Flags, scores: Floats, weights: Floats) -> Floats:
    """Mean squared distance of the probability from what holds (Brier 1950).

    Args:
        truth: Whether each row has the label.
        scores: P(label) of each row.
        weights: Weightings x rows.
    """
    return ratio(weights @ (scores - truth) ** 2, weights.sum(axis=1))


@dataclass(frozen=True)
class Bins:
    """Rows by probability: weighted counts, sums of probabilities and positives (weightings x bins)."""

    rows: Floats
    probabilities: Floats
    positives: Floats


def bins_of(truth: Flags, scores: Floats, weights: Floats, bins: int = BINS) -> Bins:
    """Sort rows into bins of P(label) of equal width; the last one holds 1 too.

    Args:
        truth: Whether each row has the label.
        scores: P(label) of each row.
        weights: Weightings x rows.
        bins: How many.
    """
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    member = np.zeros((len(scores), bins))
    member[np.arange(len(scores)), place] = 1.0
    sums = weights @ np.hstack([member, member * scores[:, None], member * truth[:, None]])
    return Bins(*np.hsplit(sums, 3))


def calibration_error(truth: Flags, scores: Floats, weights: Floats, bins: int = BINS) -> Floats:
    """Mean distance, over bins by their rows, of mean probability from share of positives (ECE, Naeini et al. 2015).

    Args:
        truth: Whether each row has the label.
        scores: P(label) of each row.
        weights: Weightings x rows.
        bins: How many, of equal width.
    """
    found = bins_of(truth, scores, weights, bins)
    return ratio(np.abs(found.probabilities - found.positives).sum(axis=1), found.rows.sum(axis=1))


def roc_auc_by_predicted_class(truth: Flags, said: Flags, scores: Floats, weights: Floats) -> Floats:
    """ROC-AUC as published for xlmr-depression: by the probability of whichever class was given, not by P(class 1).

    Args:
        truth: Whether each row has the label.
        said: Whether it was marked.
        scores: P(label) of each row.
        weights: Weightings x rows.
    """
    return Ranking.of(truth, np.where(said, scores, 1 - scores), weights).roc_auc


def label_figures(truth: Flags, said: Flags, scores: Floats, weights: Floats) -> dict[str, Floats]:
    """Return all figures of one label, each over the weightings.

    Args:
        truth: Whether each row has the label.
        said: Whether it was marked.
        scores: P(label) of each row.
        weights: Weightings x rows.
    """
    counted, ranking = confusion(truth, said, weights), Ranking.of(truth, scores, weights)
    both = [counted, counted.negated]
    return {
        "accuracy": counted.accuracy,
        "precision": counted.precision,
        "recall": counted.recall,
        "specificity": counted.negated.recall,
        "f1": counted.f1,
        "f1_macro": averaged(both, "macro")["f1"],
        "f1_weighted": averaged(both, "weighted")["f1"],
        "roc_auc": ranking.roc_auc,
        "pr_auc": ranking.average_precision,
        "brier": brier(truth, scores, weights),
        "ece": calibration_error(truth, scores, weights),
        **{name: getattr(counted, name) for name in COUNTS},
    }


def averaged(labels: Sequence[Confusion], average: str) -> dict[str, Floats]:
    """Return precision, recall and F1 over several labels.

    `macro` is the mean of the labels' figures, `weighted` weighs them by their positives, `micro` counts all answers
    together. Where a label's figure is not defined, nor are the first two.
    """
    if average == "micro":
        together = Confusion(*(np.sum([getattr(one, name) for one in labels], axis=0) for name in COUNTS))
        return {name: getattr(together, name) for name in ("precision", "recall", "f1")}
    weights = np.array([one.positives if average == "weighted" else np.ones_like(one.positives) for one in labels])
    return {
        name: ratio(np.sum([getattr(one, name) for one in labels] * weights, axis=0), weights.sum(axis=0))
        for name in ("precision", "recall", "f1")
    }


def all_labels_figures(confusions: Sequence[Confusion], areas: Mapping[str, Sequence[Floats]]) -> dict[str, Floats]:
    """Return the averages over labels: of precision, recall and F1, and the means of the named areas."""
    found = {
        f"{name}_{average}": values for average in AVERAGES for name, values in averaged(confusions, average).items()
    }
    return found | {f"{name}_macro": np.mean(list(values), axis=0) for name, values in areas.items()}

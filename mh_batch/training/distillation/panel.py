"""A panel that labels texts for a student: one reads words, the other the states of a pretrained encoder.

Each is a logistic regression per label; their probabilities are averaged as log-odds. They err in different places, so
together they know more than either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mh_batch.training.data.encoded_dataset import Matrix
from mh_batch.training.untyped import ScikitMatrix

Scores = npt.NDArray[np.float64]

_STATES_PENALTY = 0.003
_SURE = 1e-6


def tfidf_scores(train: Sequence[str], labels: Scores, test: Sequence[str]) -> Scores:
    """Probabilities (test rows by labels) of one logistic regression per label on word and word-pair TF-IDF.

    Args:
        train: Texts to learn from.
        labels: 0, 1 or NaN (training rows by labels); a label learns from the rows where it is known.
        test: Texts that the probabilities are of.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    seen, unseen = vectors.fit_transform(train), vectors.transform(test)
    return np.stack([logistic_probabilities(seen, labels[:, k], unseen, 10.0) for k in range(labels.shape[1])], axis=1)


def logistic_probabilities(seen: ScikitMatrix, labels: Scores, unseen: ScikitMatrix, penalty: float) -> Scores:
    """Probabilities of unseen rows from logistic regression on the seen rows whose label is known (not NaN).

    Args:
        seen: Features of the rows to learn from.
        labels: Of one label: 0, 1 or NaN.
        unseen: Features of the rows that the probabilities are of.
        penalty: scikit-learn's C: the smaller, the more the weights are held down.
    """
    from sklearn.linear_model import LogisticRegression

    known = ~np.isnan(labels)
    if len(np.unique(labels[known])) < 2:
        return np.full(unseen.shape[0], np.nan_to_num(np.nanmean(labels[known])))
    model = LogisticRegression(C=penalty, max_iter=1000)
    model.fit(seen[known], labels[known].astype(int))
    return np.asarray(model.predict_proba(unseen)[:, 1], dtype=np.float64)


@dataclass(frozen=True)
class TextFeatures:
    """Texts, and the teacher's states of each (n by width)."""

    texts: Sequence[str]
    states: Matrix

    def rows(self, chosen: np.ndarray) -> TextFeatures:
        """The rows at which `chosen` is true."""
        return TextFeatures(
            [text for text, wanted in zip(self.texts, chosen, strict=True) if wanted], self.states[chosen]
        )


def soft_labels(known: TextFeatures, labels: Scores, others: TextFeatures) -> Scores:
    """Probabilities (other texts by labels) by a panel that learns from known texts.

    Args:
        known: Texts to learn from.
        labels: Their labels (known texts by labels): 1, 0 or NaN.
        others: Texts that the probabilities are of.
    """
    from sklearn.preprocessing import StandardScaler

    scale = StandardScaler().fit(known.states)
    seen, unseen = scale.transform(known.states), scale.transform(others.states)
    by_states = [logistic_probabilities(seen, labels[:, k], unseen, _STATES_PENALTY) for k in range(labels.shape[1])]
    by_words = tfidf_scores(known.texts, labels, others.texts)
    return 1 / (1 + np.exp(-(_log_odds(by_words) + _log_odds(np.stack(by_states, axis=1))) / 2))


def out_of_fold_soft_labels(known: TextFeatures, labels: Scores, folds: int) -> Scores:
    """Soft labels of each known text from the labels of the other folds only (text number modulo folds).

    Args:
        known: Texts.
        labels: Their labels (known texts by labels): 1, 0 or NaN.
        folds: How many folds.
    """
    fold = np.arange(len(labels)) % folds
    found = np.empty_like(labels)
    for part in range(folds):
        inside = fold == part
        found[inside] = soft_labels(known.rows(~inside), labels[~inside], known.rows(inside))
    return found


def _log_odds(share: Scores) -> Scores:
    return np.log((share + _SURE) / (1 - share + _SURE))

"""A panel that judges texts for a student: one reads words, the other the states of a pretrained encoder.

Each is a logistic regression per label; their opinions are averaged as log-odds. They err in different places, so
together they know more than either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mh_batch.training.baseline import Scores, one_label, tfidf_scores
from mh_batch.training.teacher import Matrix

_STATES_PENALTY = 0.003
_SURE = 1e-6


@dataclass(frozen=True)
class Evidence:
    """Texts, and the teacher's states of each (n by width)."""

    texts: Sequence[str]
    states: Matrix

    def rows(self, chosen: np.ndarray) -> Evidence:
        """Those at which `chosen` is true."""
        return Evidence([text for text, wanted in zip(self.texts, chosen, strict=True) if wanted], self.states[chosen])


def soft_labels(known: Evidence, claims: Scores, others: Evidence) -> Scores:
    """Probabilities (other texts by labels) from what is claimed of known texts (1, 0 or NaN)."""
    from sklearn.preprocessing import StandardScaler

    scale = StandardScaler().fit(known.states)
    seen, unseen = scale.transform(known.states), scale.transform(others.states)
    by_states = [one_label(seen, claims[:, k], unseen, _STATES_PENALTY) for k in range(claims.shape[1])]
    by_words = tfidf_scores(known.texts, claims, others.texts)
    return 1 / (1 + np.exp(-(_log_odds(by_words) + _log_odds(np.stack(by_states, axis=1))) / 2))


def out_of_fold_beliefs(known: Evidence, claims: Scores, folds: int) -> Scores:
    """`beliefs` about each known text from the claims of the other folds only (text number modulo folds)."""
    fold = np.arange(len(claims)) % folds
    found = np.empty_like(claims)
    for part in range(folds):
        inside = fold == part
        found[inside] = soft_labels(known.rows(~inside), claims[~inside], known.rows(inside))
    return found


def _log_odds(share: Scores) -> Scores:
    return np.log((share + _SURE) / (1 - share + _SURE))

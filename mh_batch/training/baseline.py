"""Logistic regression, on TF-IDF of words or on whatever else describes texts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mh_batch.training.untyped import ScikitMatrix

Scores = npt.NDArray[np.float64]


def tfidf_scores(train: Sequence[str], claims: Scores, test: Sequence[str]) -> Scores:
    """Probabilities (test rows by labels) of one logistic regression per label on word and word-pair TF-IDF.

    `claims` (training rows by labels) are 0, 1 or NaN; a label learns from the rows where it is known.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    seen, unseen = vectors.fit_transform(train), vectors.transform(test)
    return np.stack([one_label(seen, claims[:, k], unseen, 10.0) for k in range(claims.shape[1])], axis=1)


def one_label(seen: ScikitMatrix, claims: Scores, unseen: ScikitMatrix, penalty: float) -> Scores:
    """Probabilities of unseen rows from logistic regression on the seen rows whose claim is known (not NaN).

    `penalty` is scikit-learn's C: the smaller, the more the weights are held down.
    """
    from sklearn.linear_model import LogisticRegression

    known = ~np.isnan(claims)
    if len(np.unique(claims[known])) < 2:
        return np.full(unseen.shape[0], np.nan_to_num(np.nanmean(claims[known])))
    model = LogisticRegression(C=penalty, max_iter=1000)
    model.fit(seen[known], claims[known].astype(int))
    return np.asarray(model.predict_proba(unseen)[:, 1], dtype=np.float64)

"""Held-out figures of `longformer-mental-health-mini` and of its yardstick, both with thresholds of their own."""

from pathlib import Path

import numpy as np
import pandas as pd

from mh_batch.training.baseline import tfidf_scores
from mh_batch.training.claims import LABELS
from mh_batch.training.figures import Scores, best_threshold, multi_label
from mh_batch.training.saving import folder_logits


def measured(folder: Path, train: pd.DataFrame, validation: pd.DataFrame, held: pd.DataFrame) -> dict[str, object]:
    """Figures of the saved folder and of TF-IDF on the rows held out; thresholds are the best on validation rows."""
    unseen = [*validation["text"], *held["text"]]
    baseline = tfidf_scores(list(train["text"]), _claims(train), unseen)
    return {
        **_figures(1 / (1 + np.exp(-folder_logits(folder, unseen))), validation, held),
        "tfidf_logistic_regression": _figures(baseline, validation, held),
    }


def _figures(scores: Scores, validation: pd.DataFrame, held: pd.DataFrame) -> dict[str, object]:
    chosen, measured_on = scores[: len(validation)], scores[len(validation) :]
    claims = _claims(validation)
    thresholds = [best_threshold(claims[:, k], chosen[:, k]) for k in range(len(LABELS))]
    return multi_label(LABELS, _claims(held), measured_on, thresholds)


def _claims(rows: pd.DataFrame) -> Scores:
    return rows[list(LABELS)].to_numpy(dtype=np.float64)

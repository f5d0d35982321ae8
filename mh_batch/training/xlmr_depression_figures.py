"""Held-out figures of `xlmr-depression-mini` and of its yardstick."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mh_batch.evaluation.metrics import Flags
from mh_batch.training.baseline import tfidf_scores
from mh_batch.training.figures import Scores, binary, roc_auc
from mh_batch.training.saving import folder_logits


def measured(folder: Path, own: pd.DataFrame, held: pd.DataFrame) -> dict[str, object]:
    """Figures of the saved folder, overall and per language, and of TF-IDF trained on the same rows."""
    logits = torch.from_numpy(folder_logits(folder, list(held["text"])))
    scores = torch.softmax(logits, dim=-1)[:, 1].numpy()
    truth = held["label"].to_numpy() == 1
    claims = own["label"].to_numpy(dtype=np.float64)[:, None]
    baseline = tfidf_scores(list(own["text"]), claims, list(held["text"]))[:, 0]
    languages = held["language"].to_numpy()
    return {
        "held_out": _figures(truth, scores),
        "languages": {
            language: _figures(truth[languages == language], scores[languages == language])
            for language in sorted(set(languages))
        },
        "tfidf_logistic_regression": _figures(truth, baseline),
    }


def _figures(truth: Flags, scores: Scores) -> dict[str, float]:
    return {**binary(truth, scores > 0.5), "roc_auc": roc_auc(truth, scores)}

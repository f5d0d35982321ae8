"""Random truth and scores that measures are computed of."""

import numpy as np

from mh_batch.evaluation.measures.metrics import Flags, Floats

EXACT = 1e-12


def draws(seed: int, rows: int = 400, decimals: int = 2) -> tuple[Flags, Flags, Floats]:
    """Truth, answers and rounded scores, so that many scores tie."""
    generator = np.random.default_rng(seed)
    truth = generator.random(rows) < 0.3
    scores = np.clip(np.round(generator.random(rows) * 0.7 + 0.3 * truth, decimals), 0, 1)
    return truth, scores >= 0.55, scores.astype(np.float64)

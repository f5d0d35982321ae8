"""What an epoch is measured by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mh_batch.evaluation.metrics import Confusion, averaged, confusion, once
from mh_batch.training.prepared import PreparedData

Numbers = npt.NDArray[np.float32]


def figures_of(data: PreparedData, negative_label: str | None, logits: Numbers, targets: Numbers) -> dict[str, float]:
    """Return accuracy, precision, recall and F1 of logits on targets (rows x labels; NaN: unknown).

    Of two exclusive labels those of the positive one; else their means over the labels, the negative one included.
    Independent labels are given from a probability of one half.
    """
    said = logits == logits.max(axis=1, keepdims=True) if data.exclusive else logits > 0
    counted = [_counted(said[:, k], targets[:, k]) for k in range(len(data.labels))]
    if data.exclusive and len(data.labels) == 2:
        positive = counted[1 if negative_label == data.labels[0] else 0]
        figures = {"precision": positive.precision, "recall": positive.recall, "f1": positive.f1}
    else:
        figures = averaged(counted, "macro")
    correct = float((said == (targets == 1))[~np.isnan(targets)].mean())
    return {"accuracy": correct, **{name: float(value[0]) for name, value in figures.items()}}


def _counted(said: npt.NDArray[np.bool_], targets: Numbers) -> Confusion:
    known = ~np.isnan(targets)
    return confusion(targets[known] == 1, said[known], once(int(known.sum())))

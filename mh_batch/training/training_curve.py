"""The curve of a training: an epoch's figures, a table and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.evaluation.measures.metrics import Confusion, averaged, confusion, once
from mh_batch.training.data.prepared_splits import PreparedData

_Numbers = npt.NDArray[np.float32]

_NOT_FIGURES = ("runtime", "per_second", "total_flos", "grad_norm")


def epoch_metrics(
    data: PreparedData, negative_label: str | None, logits: _Numbers, targets: _Numbers
) -> dict[str, float]:
    """Return accuracy, precision, recall and F1 of logits on targets (rows x labels; NaN: unknown).

    Of two exclusive labels those of the positive one; else their means over the labels, the negative one included.
    Independent labels are given from a probability of one half.

    Args:
        data: Whose labels these are.
        negative_label: Label that says that there is nothing else, if any.
        logits: Rows x labels.
        targets: Rows x labels: 1, 0 or NaN.
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


def _counted(said: npt.NDArray[np.bool_], targets: _Numbers) -> Confusion:
    known = ~np.isnan(targets)
    return confusion(targets[known] == 1, said[known], once(int(known.sum())))


def write_curve(folder: Path, stages: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Write `curve.json` and `curve.svg`: loss by step, and each epoch's figures on the validation split.

    Args:
        folder: Where they go.
        stages: What was logged in each stage, in order.
    """
    (folder / "curve.json").write_text(json.dumps(stages, indent=1), encoding="utf-8")
    rows = [row for stage, logged in stages.items() for row in _points(stage, logged)]
    _chart(pd.DataFrame(rows), list(stages)).save(str(folder / "curve.svg"))


def _points(stage: str, logged: Sequence[Mapping[str, float]]) -> list[dict[str, object]]:
    return [
        {"stage": stage, "epoch": entry["epoch"], "figure": _name(name), "value": value}
        for entry in logged
        for name, value in entry.items()
        if name not in ("epoch", "step", "learning_rate") and not any(part in name for part in _NOT_FIGURES)
    ]


def _name(logged: str) -> str:
    return {"loss": "loss, training", "eval_loss": "loss, validation"}.get(logged, logged.removeprefix("eval_"))


def _chart(points: pd.DataFrame, stages: Sequence[str]) -> alt.FacetChart:
    losses = points["figure"].str.startswith("loss")
    panels = points.assign(panel=losses.map({True: "loss", False: "measured on the validation split"}))
    chart: alt.FacetChart = (
        alt.Chart(panels)
        .mark_line(point={"size": 12})
        .encode(
            x=alt.X("epoch:Q", title="epoch"),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("figure:N", title=None),
        )
        .properties(width=320, height=180)
        .facet(row=alt.Row("panel:N", title=None), column=alt.Column("stage:N", title=None, sort=list(stages)))
        .resolve_scale(y="independent", x="independent")
    )
    return chart

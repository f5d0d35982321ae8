"""The curve of a training: a table and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import altair as alt
import pandas as pd

_NOT_FIGURES = ("runtime", "per_second", "total_flos", "grad_norm")


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

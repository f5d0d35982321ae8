"""The page's charts of one label, as Vega-Lite specifications that hold their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from mh_batch.charts.style import INK, color_of_label, dash_of_label, shape_of_label
from mh_batch.evaluation.measures.bootstrap import Row, truth_of
from mh_batch.evaluation.measures.curves import precision_recall_curve, roc_curve
from mh_batch.evaluation.report.text_tables import KINDS
from mh_batch.evaluation.result import Evaluation

Spec = dict[str, Any]

_SQUARE = 300
# Pixels that each model takes within the band of its group, and that the bands keep apart.
_STEP, _APART = 14, 10
_METRICS = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1", "roc_auc": "ROC-AUC"}


@dataclass(frozen=True)
class EvaluationChart:
    """A chart.

    Attributes:
        name: Unique on the page.
        title: Above it.
        description: What it shows, in words, for those who do not see it.
        spec: Specification, with its rows.
    """

    name: str
    title: str
    description: str
    spec: Spec


def charts_of(found: Evaluation, label: str, number: int) -> Iterator[EvaluationChart]:
    """Draw one label: comparison of models, curves, reliability, and groups. What has nothing to draw is left out.

    Args:
        found: The evaluation.
        label: Label of the data.
        number: Of the label, from 1, for the charts' names.
    """
    series = [one.title for one in found.contenders]
    drawn = [
        (
            "models",
            "All rows, by figure",
            _interval_chart(_overall_rows(found, label), list(_METRICS.values()), series),
        ),
        (
            "roc",
            "ROC curve",
            _curve(list(_curve_rows(found, label, "roc")), "share of the others marked", "recall", series),
        ),
        ("pr", "Precision by recall", _curve(list(_curve_rows(found, label, "pr")), "recall", "precision", series)),
        (
            "reliability",
            "Reliability (larger marks: more texts)",
            _reliability(_reliability_rows(found, label), series),
        ),
    ]
    for kind, title in KINDS.items():
        rows, groups = _group_rows(found, label, kind)
        drawn.append((kind, f"F1 by {title}", _interval_chart(rows, groups, series)))
    for name, title, spec in drawn:
        if spec["datasets"]["rows"]:
            words = f"{title} of {label}, for {', '.join(series)}; the tables hold the figures."
            yield EvaluationChart(f"{name}-{number}", title, words, spec)


def _overall_rows(found: Evaluation, label: str) -> list[Row]:
    rows = [found.overall(one, label, metric) for one in found.contenders for metric in _METRICS]
    return [_drawn_row(row, _METRICS[row["metric"]]) for row in rows if row and row["value"] is not None]


def _group_rows(found: Evaluation, label: str, kind: str) -> tuple[list[Row], list[str]]:
    own = [row for one in found.contenders for row in found.found(one, label=label, group_kind=kind, metric="f1")]
    shown = [_drawn_row(row, row["group"]) for row in own if row["value"] is not None]
    return shown, list(dict.fromkeys(row["group"] for row in own))


def _drawn_row(row: Row, group: str) -> Row:
    title = f"{row['model']}, {row['engine']} {row['precision']}"
    return {"label": title, "group": group, **{name: row[name] for name in ("value", "low", "high", "n")}}


def _curve_rows(found: Evaluation, label: str, kind: str) -> Iterator[Row]:
    curve = roc_curve if kind == "roc" else precision_recall_curve
    for one in found.predictions:
        if label in one.contender.labels:
            known, truth = truth_of(found.data, label)
            scores = one.probabilities[known, one.contender.labels.index(label)]
            for order, point in enumerate(curve(truth, scores)):
                yield {"label": one.contender.title, "order": order, **{k: round(v, 4) for k, v in point.items()}}


def _reliability_rows(found: Evaluation, label: str) -> list[Row]:
    return [
        {
            "label": f"{row['model']}, {row['engine']} {row['precision']}",
            "x": round(row["mean_probability"], 4),
            "y": round(row["share_positive"], 4),
            "n": row["n"],
        }
        for row in found.reliability
        if row["label"] == label
    ]


def _curve(rows: Sequence[Row], x: str, y: str, series: Sequence[str]) -> Spec:
    line = alt.Chart().mark_line(strokeWidth=2)
    line = line.encode(x=_share("x", x), y=_share("y", y), order="order:Q")
    line = line.encode(color=color_of_label(series), strokeDash=dash_of_label(series))
    return _spec([line], rows, _SQUARE)


def _reliability(rows: Sequence[Row], series: Sequence[str]) -> Spec:
    ideal = alt.Chart().mark_rule(color=INK, strokeDash=[4, 3], aria=False)
    ideal = ideal.encode(x=alt.datum(0), y=alt.datum(0), x2=alt.datum(1), y2=alt.datum(1))
    base = alt.Chart().encode(
        x=_share("x", "mean probability in the bin"),
        y=_share("y", "share with the label"),
        color=color_of_label(series),
    )
    line = base.mark_line(strokeWidth=1.5).encode(strokeDash=dash_of_label(series))
    tips = [alt.Tooltip("label:N", title="model"), alt.Tooltip("n:Q", title="rows", format=",")]
    size = alt.Size("n:Q", legend=None, scale=alt.Scale(type="sqrt", range=[15, 220]))
    dots = base.mark_point(filled=True, opacity=1).encode(shape=shape_of_label(series), size=size, tooltip=tips)
    return _spec([ideal, line, dots], rows, _SQUARE)


def _interval_chart(rows: Sequence[Row], groups: Sequence[str], series: Sequence[str]) -> Spec:
    lowest = min([row["low"] if row["low"] is not None else row["value"] for row in rows], default=0.0)
    scale = alt.Scale(domain=[max(0.0, (int(20 * lowest) - 1) / 20), 1.0], nice=False)
    axis = alt.Axis(grid=True, tickCount=5)
    tips = [
        alt.Tooltip("label:N", title="model"),
        alt.Tooltip("value:Q", title="figure", format=".4f"),
        alt.Tooltip("low:Q", title="from", format=".4f"),
        alt.Tooltip("high:Q", title="to", format=".4f"),
        alt.Tooltip("n:Q", title="rows", format=","),
    ]
    band = alt.Y("group:N", title=None, sort=list(groups), scale=alt.Scale(paddingInner=0.2, paddingOuter=0.1))
    base = alt.Chart().encode(
        y=band, yOffset=alt.YOffset("label:N", sort=list(series)), color=color_of_label(series), tooltip=tips
    )
    rule = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, aria=False)
    rule = rule.encode(x=alt.X("low:Q", scale=scale, axis=axis, title=None), x2="high")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("value:Q", scale=scale, axis=axis, title=None), shape=shape_of_label(series)
    )
    return _spec([rule, dots], rows, {"step": _STEP * len(series) + _APART, "for": "position"})


def _share(field: str, title: str) -> Any:  # noqa: ANN401 - altair's channels share no useful type
    kind = alt.X if field == "x" else alt.Y
    axis = alt.Axis(grid=True, tickCount=5)
    return kind(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=axis)


def _spec(layers: Sequence[alt.Chart], rows: Sequence[Row], height: int | Spec) -> Spec:
    drawn: Spec = alt.layer(*layers, data=alt.NamedData("rows")).to_dict(validate=False)
    return {
        "data": {"name": "rows"},
        "datasets": {"rows": list(rows)},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": drawn["layer"],
    }

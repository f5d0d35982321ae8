"""How the probabilities of a label are distributed over the documents."""

from collections.abc import Mapping

import altair as alt

from mh_batch.reporting.page.charts.frame import PERCENT, Frame, Spec, finish
from mh_batch.reporting.page.charts.style import INK, color_of_label

_HEIGHT = 150


def histogram(frame: Frame, data: str, thresholds: Mapping[str, float]) -> Spec:
    """Draw the distribution of one label, which the signal `label` names, in the chosen language.

    Args:
        frame: What the chart shares with others.
        data: Name of the rows, one for each bin.
        thresholds: From which probability on a document carries a label, for the labels that have one.
    """
    x = alt.X("low:Q", title="probability", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5))
    y = alt.Y("value:Q", title="share of texts", axis=alt.Axis(labelExpr=PERCENT, tickCount=4))
    tooltip = [
        alt.Tooltip("bin:N", title="probability"),
        alt.Tooltip("figure:N", title="share of texts"),
        alt.Tooltip("documents:Q", title="texts", format=","),
    ]
    bars = alt.Chart().mark_bar(binSpacing=1).encode(x=x, x2="high", y=y, y2=alt.datum(0), tooltip=tooltip)
    layers = [bars.encode(color=color_of_label(frame.labels)), *([_threshold()] if thresholds else [])]
    params = {"label": frame.drawn[0], "thresholds": dict(thresholds)}
    spec = finish(layers, data, _HEIGHT, params, keep="datum.label === label && datum.language === language")
    # The share is of the bins that are left, so it comes after their choice and before the tooltip's words.
    spec["transform"][1:1] = [
        {"joinaggregate": [{"op": "sum", "field": "documents", "as": "total"}]},
        {"calculate": "datum.total ? datum.documents / datum.total : 0", "as": "value"},
        {"calculate": "format(datum.low, '.2f') + '\N{EN DASH}' + format(datum.high, '.2f')", "as": "bin"},
    ]
    return spec


def _threshold() -> alt.Chart:
    """One line where marking begins."""
    rows = alt.Chart().transform_filter("datum.low === 0 && isValid(thresholds[label])")
    line = rows.transform_calculate(threshold="thresholds[label]").mark_rule(color=INK, strokeDash=[4, 3], aria=False)
    marked: alt.Chart = line.encode(
        x=alt.X("threshold:Q"), tooltip=alt.Tooltip("threshold:Q", title="marked from", format=".2f")
    )
    return marked

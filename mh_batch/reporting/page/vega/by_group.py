"""Charts of one moment: groups and differences as points with intervals, and the distribution of probabilities."""

from collections.abc import Mapping, Sequence

import altair as alt

from mh_batch.charts.style import FLAG, INK, color_of_label, shape_of_label
from mh_batch.reporting.page.leading_measures import Row
from mh_batch.reporting.page.vega.frame import PERCENT, Frame, Spec, base, finish, hatched, point_marks

# Pixels that each label takes within the band of its group, and that the bands keep apart.
_STEP, _APART = 14, 8
# Pixels of the hatched mark that stands where a suppressed group's figures would.
_HATCH = 44
_HISTOGRAM_HEIGHT = 150

_DIFFERENCE_WORDS = {
    "moved": "format(100 * datum.value, '+.1f')",
    "range": "format(100 * datum.low, '+.1f') + ' to ' + format(100 * datum.high, '+.1f')",
}


def interval_chart(frame: Frame, data: str, names: Sequence[str], dimension: str) -> Spec:
    """Draw the figures of groups.

    Args:
        frame: What the chart shares with others.
        data: Name of the rows, with the group's name in `group`.
        names: The groups' names, in their order.
        dimension: What the groups are, such as `language`.
    """
    place = [alt.Tooltip("group:N", title=dimension)]
    chart = base(frame, place).transform_filter("!datum.suppressed")
    chart = chart.encode(x=_share_axis("value", frame), y=group_axis(names), yOffset=label_offset(frame))
    rule = chart.mark_rule(strokeWidth=2, clip=True, aria=False).encode(x=_share_axis("low", frame), x2="high")
    layers = [rule, *point_marks(chart, frame, 60), *_suppressed(place, names)]
    # A filter of languages hides the others, where the groups are languages.
    keep = "(language === 'all' || datum.language === language)" if dimension == "language" else "true"
    return finish(layers, data, band_height(frame), {}, keep)


def group_axis(names: Sequence[str]) -> alt.Y:
    """One band for each group that is drawn, in the given order."""
    return alt.Y("group:N", title=None, sort=list(names), scale=alt.Scale(paddingInner=0.2, paddingOuter=0.1))


def band_height(frame: Frame) -> Spec:
    """Room for all labels, by band."""
    return {"step": _STEP * len(frame.drawn) + _APART, "for": "position"}


def label_offset(frame: Frame) -> alt.YOffset:
    """One line within the band for each label that is drawn."""
    return alt.YOffset("label:N", sort=list(frame.drawn))


def _share_axis(field: str, frame: Frame) -> alt.X:
    axis = alt.Axis(labelExpr=PERCENT, tickCount=5, grid=True)
    return alt.X(f"{field}:Q", title=frame.unit, scale=alt.Scale(domain=[0, frame.top]), axis=axis)


def _suppressed(place: Sequence[alt.Tooltip], names: Sequence[str]) -> list[alt.Chart]:
    mark = hatched(place).encode(y=group_axis(names), x=alt.value(0), x2=alt.value(_HATCH))
    words = alt.Chart().transform_filter("datum.suppressed").mark_text(align="left", fontSize=12, color="#4a5763")
    return [mark, words.encode(y=group_axis(names), x=alt.value(_HATCH + 8), text="reason:N")]


def difference_chart(frame: Frame, data: str, names: Sequence[str]) -> Spec:
    """Draw differences of shares; the frame's top is how far the scale goes to both sides.

    Args:
        frame: What the chart shares with others.
        data: Name of the rows, with the language's name in `group`.
        names: The languages' names, in their order.
    """
    chart = base(frame, []).encode(
        x=_difference_axis("value", frame), y=group_axis(names), yOffset=label_offset(frame), tooltip=_difference_tips()
    )
    marks = chart.mark_point(size=60, opacity=1, filled=True).encode(shape=shape_of_label(frame.labels))
    zero = alt.Chart().mark_rule(color=INK, aria=False).encode(x=alt.datum(0))
    rule = chart.mark_rule(strokeWidth=2, clip=True, aria=False).encode(x=_difference_axis("low", frame), x2="high")
    layers = [layer.transform_calculate(**_DIFFERENCE_WORDS) for layer in (rule, marks, _flags(chart))]
    keep = "(language === 'all' || datum.language === language)"
    return finish([zero, *layers], data, band_height(frame), {}, keep)


def reach_of(rows: Sequence[Row]) -> float:
    """Return how far a scale must go to both sides of zero to hold all intervals, as a share of 1."""
    ends = [abs(row[end]) for row in rows for end in ("difference_low", "difference_high")]
    return float(1.15 * max([*ends, 0.01]))


def _difference_axis(field: str, frame: Frame) -> alt.X:
    axis = alt.Axis(labelExpr="format(100 * datum.value, '+.3~r')", tickCount=7, grid=True)
    scale = alt.Scale(domain=[-frame.top, frame.top])
    return alt.X(f"{field}:Q", title=frame.unit, scale=scale, axis=axis)


def _difference_tips() -> list[alt.Tooltip]:
    titles = {"label": "label", "group": "language", "moved": "points", "range": "95 % interval"}
    return [
        *(alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()),
        alt.Tooltip("documents:Q", title="texts", format=","),
    ]


def _flags(chart: alt.Chart) -> alt.Chart:
    """A ring around what is worth a look, so that it shows without colour."""
    ring = chart.transform_filter("datum.flagged").mark_point(shape="circle", size=260, strokeWidth=2, filled=False)
    marked: alt.Chart = ring.encode(color=alt.value(FLAG))
    return marked


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
    spec = finish(layers, data, _HISTOGRAM_HEIGHT, params, keep="datum.label === label && datum.language === language")
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

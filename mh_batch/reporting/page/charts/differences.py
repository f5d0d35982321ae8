"""Differences between two runs: a point and an interval around zero for each label."""

from collections.abc import Sequence

import altair as alt

from mh_batch.reporting.page.charts.frame import Frame, Spec, base, finish
from mh_batch.reporting.page.charts.intervals import band_height, group_axis, label_offset
from mh_batch.reporting.page.charts.style import FLAG, INK, shape_of_label
from mh_batch.reporting.page.measures import Row

_WORDS = {
    "moved": "format(100 * datum.value, '+.1f')",
    "range": "format(100 * datum.low, '+.1f') + ' to ' + format(100 * datum.high, '+.1f')",
}


def difference_chart(frame: Frame, data: str, names: Sequence[str]) -> Spec:
    """Draw differences of shares; the frame's top is how far the scale goes to both sides.

    Args:
        frame: What the chart shares with others.
        data: Name of the rows, with the language's name in `group`.
        names: The languages' names, in their order.
    """
    chart = base(frame, []).encode(
        x=_x("value", frame), y=group_axis(names), yOffset=label_offset(frame), tooltip=_tooltip()
    )
    marks = chart.mark_point(size=60, opacity=1, filled=True).encode(shape=shape_of_label(frame.labels))
    zero = alt.Chart().mark_rule(color=INK, aria=False).encode(x=alt.datum(0))
    rule = chart.mark_rule(strokeWidth=2, clip=True, aria=False).encode(x=_x("low", frame), x2="high")
    layers = [layer.transform_calculate(**_WORDS) for layer in (rule, marks, _flags(chart))]
    keep = "(language === 'all' || datum.language === language)"
    return finish([zero, *layers], data, band_height(frame), {}, keep)


def reach_of(rows: Sequence[Row]) -> float:
    """Return how far a scale must go to both sides of zero to hold all intervals, as a share of 1."""
    ends = [abs(row[end]) for row in rows for end in ("difference_low", "difference_high")]
    return float(1.15 * max([*ends, 0.01]))


def _x(field: str, frame: Frame) -> alt.X:
    axis = alt.Axis(labelExpr="format(100 * datum.value, '+.3~r')", tickCount=7, grid=True)
    scale = alt.Scale(domain=[-frame.top, frame.top])
    return alt.X(f"{field}:Q", title=frame.unit, scale=scale, axis=axis)


def _tooltip() -> list[alt.Tooltip]:
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

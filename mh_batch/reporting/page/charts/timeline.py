"""A series over time: a line and a band for each label, and hatching where periods are suppressed."""

from datetime import date, timedelta

import altair as alt

from mh_batch.reporting.page.charts.frame import (
    DAY,
    DAYS,
    PERCENT,
    Frame,
    Spec,
    base,
    date_tooltip,
    finish,
    hatched,
    points,
    same_axis,
    time_axis,
)
from mh_batch.reporting.page.charts.style import dash_of_label

_HEIGHT, _PANEL_HEIGHT = 270, 130
_MANY_PERIODS = 40


def time_chart(frame: Frame, data: str, panel: bool = False) -> Spec:
    """Draw the chosen language's rows; a panel is a small chart among many, on a scale that they share."""
    title = None if panel else frame.unit
    chart = base(frame, [date_tooltip(frame)]).encode(x=same_axis(), y=alt.Y("value:Q", title=title))
    ends = {"y": alt.Y("low:Q", title=title), "y2": "high", "tooltip": alt.value(None)}
    band = chart.mark_area(opacity=0.14, clip=True, aria=False)
    layers = [
        _suppressed(frame),
        band.encode(**{**ends, "y": _y(frame, panel)}),
        chart.transform_filter("datum.alone").mark_rule(opacity=0.5, clip=True, aria=False).encode(**ends),
        chart.mark_line(clip=True, aria=False, strokeWidth=1.5 if panel else 2).encode(
            strokeDash=dash_of_label(frame.labels)
        ),
        *points(chart, frame, _size(frame, panel)),
    ]
    height = _PANEL_HEIGHT if panel else _HEIGHT
    return finish(layers, data, height, {"tops": dict(frame.tops)}, keep="datum.language === language")


def _size(frame: Frame, panel: bool) -> int:
    """Marks that stand close together are smaller."""
    return (20 if panel else 50) if len(frame.periods) <= _MANY_PERIODS else (6 if panel else 20)


def _suppressed(frame: Frame) -> alt.Chart:
    """A strip over the period's whole breadth: it is neither zero nor merely absent."""
    half = DAYS[frame.period] * DAY / 2
    strips = hatched([date_tooltip(frame)]).transform_calculate(
        start=f"+toDate(datum.period) - {half}", end=f"+toDate(datum.period) + {half}"
    )
    first, last = (date.fromisoformat(frame.periods[end]) for end in (0, -1))
    around = timedelta(days=-(-DAYS[frame.period] // 2))
    return strips.encode(x=time_axis(frame, "start", (first - around, last + around)), x2="end")


def _y(frame: Frame, panel: bool) -> alt.Y:
    scale = alt.Scale(domain=[0, alt.ExprRef("tops[language]")], nice=False)
    axis = alt.Axis(labelExpr=PERCENT, tickCount=3 if panel else 5)
    return alt.Y("low:Q", title=None if panel else frame.unit, scale=scale, axis=axis)

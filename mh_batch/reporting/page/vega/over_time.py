"""Charts over time: a line and a band for each label, and regions as cells that are darker where figures are higher."""

from collections.abc import Sequence
from datetime import date, timedelta

import altair as alt

from mh_batch.charts.formats import next_period
from mh_batch.charts.style import RAMP, dash_of_label
from mh_batch.reporting.page.vega.frame import (
    DAY,
    DAYS,
    PERCENT,
    Frame,
    Spec,
    base,
    date_tooltip,
    finish,
    hatched,
    point_marks,
    same_axis,
    time_axis,
)

_HEIGHT, _PANEL_HEIGHT = 270, 130
_MANY_PERIODS = 40
# Pixels of a region's cells.
_ROW = 22


def time_chart(frame: Frame, data: str, panel: bool = False) -> Spec:
    """Draw the chosen language's rows.

    Args:
        frame: What the chart shares with others.
        data: Name of the rows.
        panel: Whether it is a small chart among many, on a scale that they share.
    """
    title = None if panel else frame.unit
    chart = base(frame, [date_tooltip(frame)]).encode(x=same_axis(), y=alt.Y("value:Q", title=title))
    ends = {"y": alt.Y("low:Q", title=title), "y2": "high", "tooltip": alt.value(None)}
    band = chart.mark_area(opacity=0.14, clip=True, aria=False)
    layers = [
        _suppressed(frame),
        band.encode(**{**ends, "y": _value_axis(frame, panel)}),
        chart.transform_filter("datum.alone").mark_rule(opacity=0.5, clip=True, aria=False).encode(**ends),
        chart.mark_line(clip=True, aria=False, strokeWidth=1.5 if panel else 2).encode(
            strokeDash=dash_of_label(frame.labels)
        ),
        *point_marks(chart, frame, _size(frame, panel)),
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


def _value_axis(frame: Frame, panel: bool) -> alt.Y:
    scale = alt.Scale(domain=[0, alt.ExprRef("tops[language]")], nice=False)
    axis = alt.Axis(labelExpr=PERCENT, tickCount=3 if panel else 5)
    return alt.Y("low:Q", title=None if panel else frame.unit, scale=scale, axis=axis)


def heat_map(frame: Frame, data: str, regions: Sequence[str]) -> Spec:
    """Draw the cells of one label, which the signal `label` names; cells without documents stay blank.

    Args:
        frame: What the chart shares with others.
        data: Name of the rows.
        regions: All regions of the map, from top to bottom.
    """
    place = [alt.Tooltip("region:N"), date_tooltip(frame)]
    color = alt.Color("value:Q", scale=alt.Scale(domain=[0, frame.top], range=list(RAMP), clamp=True), legend=None)
    cells = base(frame, place).transform_filter("!datum.suppressed").mark_rect(stroke="white", strokeWidth=1)
    ending = f"+toDate(datum.period) + {DAYS[frame.period] * DAY}"
    layers = [
        hatched(place).encode(x=_period_axis(frame)),
        cells.encode(x=same_axis(), color=color),
    ]
    placed = [layer.transform_calculate(end=ending).encode(x2="end", y=_region_axis(regions)) for layer in layers]
    keep = "(datum.suppressed || datum.label === label)"
    return finish(placed, data, _ROW * len(regions), {"label": frame.drawn[0]}, keep)


def _period_axis(frame: Frame) -> alt.X:
    first, last = (date.fromisoformat(frame.periods[end]) for end in (0, -1))
    return time_axis(frame, "period", (first, next_period(last, frame.period)))


def _region_axis(regions: Sequence[str]) -> alt.Y:
    scale = alt.Scale(domain=list(regions), paddingInner=0, paddingOuter=0)
    return alt.Y("region:N", title=None, scale=scale)

"""Regions over time: one cell for each region and period, darker where the figure is higher."""

from collections.abc import Sequence
from datetime import date

import altair as alt

from mh_batch.reporting.formats import next_period
from mh_batch.reporting.page.charts.frame import (
    DAY,
    DAYS,
    Frame,
    Spec,
    base,
    date_tooltip,
    finish,
    hatched,
    same_axis,
    time_axis,
)
from mh_batch.reporting.page.charts.style import RAMP

_ROW = 22


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
        hatched(place).encode(x=_x(frame)),
        cells.encode(x=same_axis(), color=color),
    ]
    placed = [layer.transform_calculate(end=ending).encode(x2="end", y=_y(regions)) for layer in layers]
    keep = "(datum.suppressed || datum.label === label)"
    return finish(placed, data, _ROW * len(regions), {"label": frame.drawn[0]}, keep)


def _x(frame: Frame) -> alt.X:
    first, last = (date.fromisoformat(frame.periods[end]) for end in (0, -1))
    return time_axis(frame, "period", (first, next_period(last, frame.period)))


def _y(regions: Sequence[str]) -> alt.Y:
    scale = alt.Scale(domain=list(regions), paddingInner=0, paddingOuter=0)
    return alt.Y("region:N", title=None, scale=scale)

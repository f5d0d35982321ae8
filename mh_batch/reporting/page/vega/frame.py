"""Parts of all charts: the signals that filters set, scales, tooltips, and the specification around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import altair as alt

from mh_batch.charts.style import HATCH, color_of_label, shape_of_label
from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.page.leading_measures import Row
from mh_batch.settings import Period

Spec = dict[str, Any]

DATE_FORMATS: Mapping[Period, str] = {"day": "%-d %b %Y", "week": "%-d %b %Y", "month": "%b %Y"}
DAYS: Mapping[Period, float] = {"day": 1, "week": 7, "month": 30.44}
# One day in milliseconds.
DAY = 86_400_000
_MOST_DATES = 24
# As the page writes shares.
PERCENT = "format(100 * datum.value, '~r') + ' %'"
_TITLES = {"documents": "texts", "authors": "authors"}
# What tooltips say of a row, and why it has no figures.
_WORDS: list[Spec] = [
    {"calculate": "format(100 * datum.value, '.1f') + ' %'", "as": "figure"},
    {
        "calculate": "format(100 * datum.low, '.1f') + '\N{EN DASH}' + format(100 * datum.high, '.1f') + ' %'",
        "as": "interval",
    },
    {
        "calculate": "datum.suppressed === 'small' ? 'suppressed: too small' : 'suppressed: protects a small one'",
        "as": "reason",
    },
]


@dataclass(frozen=True)
class Frame:
    """The common ground of charts, so that they can be compared.

    Attributes:
        labels: All labels of the report, in the order that gives them their colours.
        drawn: The labels of this chart.
        unit: What its scale counts.
        tops: Upper end of the scale for each language that can be chosen, as a share of 1; what is higher is cut off.
        periods: First days of the periods that a time series spans, as ISO dates in order.
        period: How long each lasts.
        counted: Which of `documents` and `authors` are known.
    """

    labels: tuple[str, ...]
    drawn: tuple[str, ...]
    unit: str
    tops: Mapping[str, float]
    periods: tuple[str, ...] = ()
    period: Period = "week"
    counted: tuple[str, ...] = field(default=("documents", "authors"))

    @property
    def top(self) -> float:
        """Upper end of the scale where all languages are taken together."""
        return self.tops[ALL]


def top_of_scale(rows: Sequence[Row]) -> float:
    """Return where a common scale ends: above every figure, and above the intervals that rest on enough authors.

    Where none does, it ends above all intervals.
    """
    shown = [row for row in rows if row["value"] is not None]
    solid = [row["high"] for row in shown if not row["few"]] or [row["high"] for row in shown]
    return min(1.0, 1.08 * max([*solid, *(row["value"] for row in shown)], default=1.0)) or 1.0


def base(frame: Frame, tooltip: Sequence[alt.Tooltip]) -> alt.Chart:
    """Return a chart of the rows with figures: coloured by label, with a tooltip that ends with the figures."""
    figures = [alt.Tooltip("figure:N", title=frame.unit), alt.Tooltip("interval:N", title="95 % interval")]
    counts = [alt.Tooltip(f"{name}:Q", title=_TITLES[name], format=",") for name in frame.counted]
    named = [alt.Tooltip("label:N"), *tooltip, *figures, *counts]
    chart: alt.Chart = alt.Chart().encode(color=color_of_label(frame.labels), tooltip=named)
    return chart


def hatched(tooltip: Sequence[alt.Tooltip]) -> alt.Chart:
    """Return a chart of the suppressed rows, hatched."""
    chart = alt.Chart().transform_filter("datum.suppressed").mark_rect(fill=HATCH, stroke="#9aa4ae", strokeWidth=0.6)
    marked: alt.Chart = chart.encode(tooltip=[*tooltip, alt.Tooltip("reason:N", title="no figures")])
    return marked


def point_marks(chart: alt.Chart, frame: Frame, size: int) -> list[alt.Chart]:
    """Mark figures, those that rest on few authors hollow; an invisible wider mark makes them easy to hover.

    Args:
        chart: The chart of the figures.
        frame: What it shares with others.
        size: Of a mark, in square pixels.
    """
    shape = shape_of_label(frame.labels)
    many = chart.transform_filter("!datum.few").mark_point(filled=True, size=size, opacity=1).encode(shape=shape)
    few = chart.transform_filter("datum.few").mark_point(fill="white", size=size, opacity=1).encode(shape=shape)
    return [many, few, chart.mark_point(filled=True, size=10 * size, opacity=0)]


def date_tooltip(frame: Frame) -> alt.Tooltip:
    """Name the period under the pointer by its first day."""
    title = {"day": "day", "week": "week from", "month": "month"}[frame.period]
    return alt.Tooltip("utcyearmonthdate(period):T", title=title, format=DATE_FORMATS[frame.period])


def time_axis(frame: Frame, field: str, domain: tuple[date, date]) -> alt.X:
    """Mark first days of periods, evenly spaced; the page drops those that its width has no room for.

    One layer of a chart has this axis, the others `same_axis`.

    Args:
        frame: What the chart shares with others.
        field: Column of the dates.
        domain: The first and the last day of the axis.
    """
    step = -(-len(frame.periods) // _MOST_DATES)
    values = [_date_time(date.fromisoformat(start)) for start in frame.periods[::step]]
    lines = ("%-d %b", "%Y") if frame.period != "month" else ("%b", "%Y")
    label = ", ".join(f"utcFormat(datum.value, '{line}')" for line in lines)
    axis = alt.Axis(values=values, labelExpr=f"[{label}]", ticks=False)
    # Not as `domain`, which Vega-Lite takes for two different ones where a bar has two ends.
    scale = alt.Scale(type="utc", domainMin=_date_time(domain[0]), domainMax=_date_time(domain[1]))
    return alt.X(f"{field}:T", title=None, scale=scale, axis=axis)


def same_axis() -> alt.X:
    """Place by period, on the axis that another layer defines."""
    return alt.X("period:T", title=None, scale=alt.Scale(type="utc"))


def _date_time(day: date) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True)


def finish(
    layers: Sequence[alt.Chart],
    data: str,
    height: int | Spec,
    params: Mapping[str, Any],
    keep: str = "true",
) -> Spec:
    """Layer the charts over the rows named `data`, of which those with a chosen label are drawn.

    Args:
        layers: The layers, without data.
        data: Name of the rows.
        height: Pixels, or a step for each band.
        params: Further signals, and their first values.
        keep: What else must hold of the rows that are drawn, as Vega expression.
    """
    chosen = "!isValid(labels) || datum.suppressed || indexof(labels, datum.label) >= 0"
    signals = {"labels": None, "language": ALL, **params}
    drawn: Spec = alt.layer(*layers, data=alt.NamedData(data)).to_dict(validate=False)
    return {
        "data": {"name": data},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "params": [{"name": name, "value": value} for name, value in signals.items()],
        "transform": [{"filter": f"({chosen}) && {keep}"}, *_WORDS],
        "layer": drawn["layer"],
    }

"""The page's charts as Vega-Lite specifications: shares of documents with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from mh_batch.reporting.formats import interval, percent
from mh_batch.reporting.gaps import with_gaps
from mh_batch.reporting.style import LOOK, color_of_label, dash_of_label, shape_of_label
from mh_batch.reporting.views import Share
from mh_batch.settings import Period

Spec = dict[str, Any]

# Below this the interval of a share near one half is wider than a quarter of the scale: such shares are drawn hollow.
FEW_DOCUMENTS = 50

_NAMES = ("label", "period", "language")
_NUMBERS = ("prevalence", "ci_low", "ci_high", "documents")
_MOST_DATES = 24
_DATE_FORMATS: dict[Period, str] = {"day": "%-d %b %Y", "week": "%-d %b %Y", "month": "%b %Y"}


@dataclass(frozen=True)
class Frame:
    """What charts share, so that they can be compared.

    Attributes:
        labels: All labels of the report, in the order that gives them their colours.
        top: Upper end of the scale, as a share of 1; what is higher is cut off.
        periods: First days of the periods that a time series spans, as ISO dates in order.
        height: Height of a time series in pixels.
        legend: Whether the chart explains itself; one of many small ones does not.
    """

    labels: tuple[str, ...]
    top: float
    periods: tuple[str, ...] = ()
    height: int = 260
    legend: bool = True


def time_chart(shares: Sequence[Share], period: Period, frame: Frame) -> Spec:
    """Draw the dated shares of one model and language, in order of period: a line and a band per label."""
    drawn = {share["label"] for share in shares}
    base = _base(with_gaps(shares, period), frame, _tooltip("utcyearmonthdate(period):T", "from"))
    base = base.encode(x=_time_axis(period, frame), y=_share_axis(alt.Y, "prevalence", frame))
    ends = {"y": _share_axis(alt.Y, "ci_low", frame), "y2": "ci_high"}
    layers = [
        base.mark_area(opacity=0.14, clip=True, aria=False).encode(**ends),
        base.transform_filter("datum.alone").mark_rule(opacity=0.5, clip=True, aria=False).encode(**ends),
        base.mark_line(clip=True, aria=False).encode(strokeDash=dash_of_label(frame.labels, frame.legend, drawn)),
        *_points(base, shares, frame),
    ]
    latest = [share for share in shares if share["period"] == shares[-1]["period"]]
    words = [f"{share['label']} {_in_words(share)}" for share in latest]
    return _finish(layers, frame.height, f"Share of documents by {period}; latest: {'; '.join(words)}")


def language_chart(shares: Sequence[Share], frame: Frame) -> Spec:
    """Draw the shares of one model by language, in the given order: a point and an interval per label."""
    languages = list(dict.fromkeys(share["language"] for share in shares))
    drawn = [label for label in frame.labels if any(share["label"] == label for share in shares)]
    base = _base([dict(share) for share in shares], frame, _tooltip("language:N", "language")).encode(
        x=_share_axis(alt.X, "prevalence", frame),
        y=alt.Y("language:N", title=None, sort=languages),
        yOffset=alt.YOffset("label:N", scale=alt.Scale(domain=drawn, paddingOuter=0.6)),
    )
    ends = {"x": _share_axis(alt.X, "ci_low", frame), "x2": "ci_high"}
    rule = base.mark_rule(strokeWidth=2, clip=True, aria=False).encode(**ends)
    words = [f"{share['language']}, {share['label']} {_in_words(share)}" for share in shares]
    height = len(languages) * (16 + 14 * len(drawn))
    return _finish([rule, *_points(base, shares, frame)], height, f"Share of documents by language: {'; '.join(words)}")


def top_of_scale(shares: Sequence[Share]) -> float:
    """Return where a common scale ends: above every share, and above the intervals that rest on enough documents."""
    solid = [share["ci_high"] for share in shares if share["documents"] >= FEW_DOCUMENTS]
    return min(1.0, 1.08 * max([*solid, *(share["prevalence"] for share in shares)], default=1.0)) or 1.0


def _base(rows: Sequence[Mapping[str, Any]], frame: Frame, tooltip: list[alt.Tooltip]) -> alt.Chart:
    data = alt.InlineData([_drawn(row) for row in rows])
    color = color_of_label(frame.labels, frame.legend, {row["label"] for row in rows})
    return alt.Chart(data, width="container").encode(color=color, tooltip=tooltip)


def _drawn(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: round(row[name], 5) for name in _NUMBERS if row.get(name) is not None}
    return {
        **{name: row[name] for name in _NAMES if name in row},
        **numbers,
        **({"alone": 1} if row.get("alone") else {}),
    }


def _tooltip(place: str, title: str) -> list[alt.Tooltip]:
    shares = {"prevalence": "share", "ci_low": "95 % from", "ci_high": "95 % to"}
    return [
        alt.Tooltip("label:N"),
        alt.Tooltip(place, title=title),
        *(alt.Tooltip(f"{field}:Q", title=name, format=".2%") for field, name in shares.items()),
        alt.Tooltip("documents:Q", format=","),
    ]


def _points(base: alt.Chart, shares: Sequence[Share], frame: Frame) -> list[alt.Chart]:
    shape = shape_of_label(frame.labels, frame.legend, {share["label"] for share in shares})
    size = 56 if frame.legend else 24
    many = base.transform_filter(f"datum.documents >= {FEW_DOCUMENTS}").mark_point(filled=True, size=size, opacity=1)
    few = base.transform_filter(f"datum.documents < {FEW_DOCUMENTS}").mark_point(fill="white", size=size, opacity=1)
    return [many.encode(shape=shape), few.encode(shape=shape)]


def _time_axis(period: Period, frame: Frame) -> alt.X:
    """Mark first days of periods, evenly spaced; the page drops those that its width has no room for."""
    step = -(-len(frame.periods) // _MOST_DATES)
    values = [_date_time(start) for start in frame.periods[::step]]
    axis = alt.Axis(values=values, format=_DATE_FORMATS[period], ticks=False)
    domain = [_date_time(frame.periods[0]), _date_time(frame.periods[-1])]
    return alt.X("period:T", title=None, scale=alt.Scale(type="utc", domain=domain, padding=12), axis=axis)


def _date_time(day: str) -> alt.DateTime:
    start = date.fromisoformat(day)
    return alt.DateTime(year=start.year, month=start.month, date=start.day, utc=True)


def _share_axis(channel: Any, field: str, frame: Frame) -> Any:  # noqa: ANN401 - altair's X or Y
    axis = alt.Axis(format="~%", tickCount=5)
    title = "share of documents" if frame.legend else None
    return channel(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, frame.top]), axis=axis)


def _in_words(share: Share) -> str:
    return f"{percent(share['prevalence'])} ({interval(share['ci_low'], share['ci_high'])})"


def _finish(layers: list[alt.Chart], height: int, description: str) -> Spec:
    words = f"{description}. A table with all figures follows."
    chart = alt.layer(*layers).properties(height=height, description=words).configure(**LOOK)
    spec: Spec = chart.to_dict(validate=False)
    return spec

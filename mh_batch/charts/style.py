"""The look of charts: colours, shapes and dashes of labels, and the configuration that all charts share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

# Okabe & Ito's colours for all kinds of colour vision (Color Universal Design, 2008), darkened where need be
# to a contrast of 3:1 or more against white.
COLORS = ("#0072B2", "#C2500A", "#007A5A", "#8F4A7F", "#8A6A00", "#5F6368")
DASHES: tuple[list[int], ...] = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [12, 4], [4, 4])
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
# From little to much: lightness falls all the way, so it reads without colour too, and no step looks like the grey
# of what is suppressed or the white of what is not there. After ColorBrewer's YlGnBu.
RAMP = ("#e4efb5", "#a3d5b4", "#52aebe", "#2b74ab", "#25387f")
# The page draws this pattern once; where it cannot be found, the grey stands in.
HATCH = "url(#hatch) #d5d9dd"
FLAG = "#8a3b00"
INK, QUIET, LINE = "#1f2933", "#4a5763", "#b8c0c8"
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

LOOK: dict[str, Any] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": None, "continuousHeight": 200},
    "axis": {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "domainColor": LINE,
        "gridColor": "#e6e9ec",
        "tickColor": LINE,
        "labelPadding": 6,
    },
    "axisX": {"grid": False, "labelPadding": 8, "labelOverlap": "greedy", "labelSeparation": 14, "labelFlush": True},
    "axisY": {"domain": False, "ticks": False},
    "axisBand": {"labelLimit": 132},
}


@dataclass(frozen=True)
class Look:
    """The look of one label, in charts and in what explains them."""

    color: str
    dash: list[int]
    shape: str


def look_of(labels: Sequence[str]) -> dict[str, Look]:
    """Return how each label of the report looks; one label looks the same in every chart."""
    count = len(COLORS)
    return {label: Look(COLORS[i % count], DASHES[i % count], SHAPES[i % count]) for i, label in enumerate(labels)}


def color_of_label(labels: Sequence[str]) -> alt.Color:
    """Colour by label."""
    return alt.Color("label:N", scale=_scale(labels, "color"), legend=None)


def shape_of_label(labels: Sequence[str]) -> alt.Shape:
    """Mark by label, for readers and printers without colour."""
    return alt.Shape("label:N", scale=_scale(labels, "shape"), legend=None)


def dash_of_label(labels: Sequence[str]) -> alt.StrokeDash:
    """Dash by label, for readers and printers without colour."""
    return alt.StrokeDash("label:N", scale=_scale(labels, "dash"), legend=None)


def _scale(labels: Sequence[str], channel: str) -> alt.Scale:
    looks = look_of(labels)
    return alt.Scale(domain=list(looks), range=[getattr(look, channel) for look in looks.values()])

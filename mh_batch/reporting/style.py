"""How the charts look: colours, shapes and dashes of labels, and the configuration that all charts share."""

from collections.abc import Collection, Sequence
from typing import Any

import altair as alt

# Okabe & Ito's colours for all kinds of colour vision (Color Universal Design, 2008), darkened where need be
# to a contrast of 3:1 or more against white.
COLORS = ("#0072B2", "#C2500A", "#007A5A", "#8F4A7F", "#8A6A00", "#5F6368")
_DASHES: tuple[list[int], ...] = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [12, 4], [4, 4])
_SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

LOOK: dict[str, Any] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "#3d4852",
        "titleColor": "#3d4852",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "domainColor": "#b8c0c8",
        "gridColor": "#e6e9ec",
        "tickColor": "#b8c0c8",
        "labelPadding": 6,
    },
    "axisX": {"grid": False, "labelPadding": 10, "labelOverlap": "greedy", "labelSeparation": 14, "labelFlush": True},
    "axisY": {"domain": False, "ticks": False},
    "legend": {
        "labelFontSize": 13,
        "labelColor": "#1f2933",
        "symbolSize": 90,
        "symbolOpacity": 1,
        "columns": 3,
        "labelLimit": 260,
    },
}


def color_of_label(labels: Sequence[str], legend: bool, drawn: Collection[str]) -> alt.Color:
    """Colour by label; one label has the same colour in every chart of the report."""
    return alt.Color("label:N", scale=_scale(labels, COLORS), legend=_legend(labels, legend, drawn))


def shape_of_label(labels: Sequence[str], legend: bool, drawn: Collection[str]) -> alt.Shape:
    """Mark by label, for readers and printers without colour."""
    return alt.Shape("label:N", scale=_scale(labels, _SHAPES), legend=_legend(labels, legend, drawn))


def dash_of_label(labels: Sequence[str], legend: bool, drawn: Collection[str]) -> alt.StrokeDash:
    """Dash by label, for readers and printers without colour."""
    return alt.StrokeDash("label:N", scale=_scale(labels, _DASHES), legend=_legend(labels, legend, drawn))


def _scale(labels: Sequence[str], values: Sequence[Any]) -> alt.Scale:
    return alt.Scale(domain=list(labels), range=[values[index % len(values)] for index in range(len(labels))])


def _legend(labels: Sequence[str], legend: bool, drawn: Collection[str]) -> alt.Legend | None:
    shown = [label for label in labels if label in drawn]
    return alt.Legend(title=None, orient="top", values=shown) if legend else None

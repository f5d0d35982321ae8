"""Groups side by side: a point and an interval for each label."""

from collections.abc import Sequence

import altair as alt

from mh_batch.reporting.page.charts.frame import PERCENT, Frame, Spec, base, finish, hatched, points

# Pixels that each label takes within the band of its group, and that the bands keep apart.
_STEP, _APART = 14, 8
# Pixels of the hatched mark that stands where a suppressed group's figures would.
_HATCH = 44


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
    chart = chart.encode(x=_x("value", frame), y=group_axis(names), yOffset=label_offset(frame))
    rule = chart.mark_rule(strokeWidth=2, clip=True, aria=False).encode(x=_x("low", frame), x2="high")
    layers = [rule, *points(chart, frame, 60), *_suppressed(place, names)]
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


def _x(field: str, frame: Frame) -> alt.X:
    axis = alt.Axis(labelExpr=PERCENT, tickCount=5, grid=True)
    return alt.X(f"{field}:Q", title=frame.unit, scale=alt.Scale(domain=[0, frame.top]), axis=axis)


def _suppressed(place: Sequence[alt.Tooltip], names: Sequence[str]) -> list[alt.Chart]:
    mark = hatched(place).encode(y=group_axis(names), x=alt.value(0), x2=alt.value(_HATCH))
    words = alt.Chart().transform_filter("datum.suppressed").mark_text(align="left", fontSize=12, color="#4a5763")
    return [mark, words.encode(y=group_axis(names), x=alt.value(_HATCH + 8), text="reason:N")]

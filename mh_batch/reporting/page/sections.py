"""One model's part of the page: its charts, the rows that they draw, and what they show in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.page import vega, words
from mh_batch.reporting.page.leading_measures import Row, unit_of
from mh_batch.reporting.page.vega import Data, Frame, Spec, top_of_scale
from mh_batch.reporting.page.views import Groups, ModelView
from mh_batch.reporting.page.words import group_name
from mh_batch.settings import Period


@dataclass(frozen=True)
class Chart:
    """A place on the page where a chart is drawn.

    Attributes:
        spec: Name of its specification, which other places may share.
        description: What it shows, in words.
        settings: First values of the signals that only this place has.
    """

    spec: str
    description: str
    settings: Mapping[str, str]


class Drawing:
    """Draws the charts of one model, and collects what they are made of.

    Attributes:
        unit: What the model's figures are shares of.
        specs: The specifications drawn so far, by names of this model's own.
        data: The rows that these draw, by name.
    """

    def __init__(
        self, number: int, model: Mapping[str, Any], view: ModelView, labels: tuple[str, ...], period: Period
    ) -> None:
        """Begin without charts.

        Args:
            number: The model's place on the page, from 1.
            model: The model's entry in the manifest.
            view: What the page shows of it.
            labels: The labels of all models, in the order that gives them their colours.
            period: What dates are grouped by.
        """
        self.number, self.model, self.view, self.labels, self.period = number, model, view, labels, period
        self.unit = unit_of(view.measures[label] for label in view.indicators)
        self.title = model["title"]
        self.specs: dict[str, Spec] = {}
        self.data: dict[str, Data] = {}

    def add(self, kind: str, spec: Spec, data: Data | None = None) -> str:
        """Add a specification, and its rows unless they are there already, under names of this model's own.

        Args:
            kind: What the chart shows, for its name.
            spec: The specification.
            data: Its rows; None if another chart's are drawn.
        """
        name = f"{kind}-{self.number}"
        self.specs[name] = spec
        self.data |= {spec["data"]["name"]: data} if data else {}
        return name

    def frame(self, tops: Mapping[str, float], periods: Sequence[str] = (), unit: str | None = None) -> Frame:
        """Return what a chart of this model shares with others.

        Args:
            tops: Upper end of the scale for each language that can be chosen.
            periods: First days of the periods that a time series spans.
            unit: What its scale counts; the model's unit if None.
        """
        counted = [name for name in ("documents", "authors") if any(row[name] for row in self.view.totals)]
        drawn = self.view.indicators
        return Frame(self.labels, drawn, unit or self.unit, tops, tuple(periods), self.period, tuple(counted))

    def time(self) -> Iterator[Chart]:
        """Draw the series over time."""
        rows, periods = self.view.over_time, self.view.periods
        if not periods:
            return
        tops = {name: top_of_scale(own) for name, own in _by_language(rows).items()}
        spec = vega.time_chart(self.frame(tops, periods), f"time-{self.number}")
        name = self.add("time", spec, vega.time_data(rows, self.period))
        own = [row for row in rows if row["language"] == ALL]
        yield Chart(name, words.describe_time(self.title, own, self.unit, self.period), {})

    def panels(self) -> Iterator[Chart]:
        """Draw the series of each language, where there are several."""
        series = {name: rows for name, rows in _by_language(self.view.over_time).items() if name != ALL}
        if len(series) < 2:
            return
        top = top_of_scale([row for rows in series.values() for row in rows])
        frame = self.frame(dict.fromkeys(series, top), self.view.periods)
        name = self.add("panel", vega.time_chart(frame, f"time-{self.number}", panel=True))
        for language, rows in series.items():
            title = f"{self.title}, {group_name('language', language)}"
            description = words.describe_time(title, rows, self.unit, self.period)
            yield Chart(name, description, {"language": language})

    def groups(self, groups: Groups) -> Iterator[Chart]:
        """Draw the groups of a dimension, where there are several."""
        kind, rows = groups.dimension, groups.rows
        if len(groups.names) < 2:
            return
        names = [group_name(kind, name) for name in groups.names]
        frame = self.frame({ALL: top_of_scale(rows)})
        spec = vega.interval_chart(frame, f"{kind}-{self.number}", names, kind)
        name = self.add(kind, spec, vega.group_data(rows, kind))
        yield Chart(name, words.describe_groups(self.title, groups, self.unit), {})

    def heat(self) -> Iterator[Chart]:
        """Draw a map of regions over time for each label."""
        rows = self.view.over_regions
        if not rows:
            return
        dated = {row["region"] for row in rows}
        regions = [group_name("region", name) for name in self.view.regions.names if name in dated]
        frame = self.frame({ALL: self.top()}, self.view.periods)
        name = self.add("heat", vega.heat_map(frame, f"heat-{self.number}", regions), vega.region_data(rows))
        for label in self.view.indicators:
            description = words.describe_cells(self.title, label, rows, self.unit, self.period)
            yield Chart(name, description, {"label": label})

    def scores(self) -> Iterator[Chart]:
        """Draw how the probabilities of each label are distributed."""
        rows = [row for row in self.view.distribution if row["label"] in self.view.indicators]
        if not rows:
            return
        spec = vega.histogram(self.frame({ALL: 1.0}), f"scores-{self.number}", self.model["thresholds"])
        name = self.add("scores", spec, vega.score_data(rows))
        for label in self.view.indicators:
            yield Chart(name, words.describe_scores(self.title, label), {"label": label})

    def changes(self) -> Iterator[Chart]:
        """Draw the differences since the run before, where both can be compared."""
        rows = [row for row in self.view.changes if row["comparable"] and row["label"] in self.view.indicators]
        if not rows:
            return
        names = [group_name("language", name) for name in _by_language(rows)]
        frame = self.frame({ALL: vega.reach_of(rows)}, unit="difference in percentage points")
        name = self.add("change", vega.difference_chart(frame, f"change-{self.number}", names), vega.change_data(rows))
        yield Chart(name, words.describe_changes(self.title, rows), {})

    def top(self) -> float:
        """Return where the scale of regions over time ends: at the highest figure that rests on enough authors."""
        rows = [row for row in self.view.over_regions if row["value"] is not None]
        solid = [row["value"] for row in rows if not row["few"]] or [row["value"] for row in rows]
        return max(solid, default=1.0) or 1.0


def _by_language(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["language"], []).append(row)
    return found


@dataclass(frozen=True)
class Section:
    """One model's part of the page. Charts are empty where there is nothing to draw.

    Attributes:
        number: From 1, in the order of the page.
        unit: What the model's figures are shares of.
        charts: The places of each kind of chart: `time`, `panels`, `language`, `region`, `source`, `heat`, `scores`,
            `change`.
        specs: The specifications that they name.
        data: The rows that these draw, by name.
    """

    number: int
    model: Mapping[str, Any]
    view: ModelView
    unit: str
    top: float
    charts: Mapping[str, Sequence[Chart]]
    specs: Mapping[str, Spec]
    data: Mapping[str, Data]


def section(number: int, model: Mapping[str, Any], view: ModelView, labels: tuple[str, ...], period: Period) -> Section:
    """Draw one model's charts.

    Args:
        number: The model's place on the page, from 1.
        model: The model's entry in the manifest.
        view: What the page shows of it.
        labels: The labels of all models, in the order that gives them their colours.
        period: What dates are grouped by.
    """
    drawing = Drawing(number, model, view, labels, period)
    places = {
        "time": list(drawing.time()),
        "panels": list(drawing.panels()),
        **{groups.dimension: list(drawing.groups(groups)) for groups in (view.languages, view.regions, view.sources)},
        "heat": list(drawing.heat()),
        "scores": list(drawing.scores()),
        "change": list(drawing.changes()),
    }
    return Section(number, model, view, drawing.unit, drawing.top(), places, drawing.specs, drawing.data)

"""One model's part of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mh_batch.reporting.page.charts import Data, Spec
from mh_batch.reporting.page.drawing import Chart, Drawing
from mh_batch.reporting.page.views import ModelView
from mh_batch.settings import Period


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

"""The page's charts as Vega-Lite specifications, and the rows that they draw."""

from mh_batch.reporting.page.charts.data import Data, change_data, group_data, region_data, score_data, time_data
from mh_batch.reporting.page.charts.differences import difference_chart, reach_of
from mh_batch.reporting.page.charts.frame import Frame, Spec, top_of_scale
from mh_batch.reporting.page.charts.heatmap import heat_map
from mh_batch.reporting.page.charts.histogram import histogram
from mh_batch.reporting.page.charts.intervals import interval_chart
from mh_batch.reporting.page.charts.style import LOOK, RAMP, look_of
from mh_batch.reporting.page.charts.timeline import time_chart

__all__ = [
    "LOOK",
    "RAMP",
    "Data",
    "Frame",
    "Spec",
    "change_data",
    "difference_chart",
    "group_data",
    "heat_map",
    "histogram",
    "interval_chart",
    "look_of",
    "reach_of",
    "region_data",
    "score_data",
    "time_chart",
    "time_data",
    "top_of_scale",
]

"""The page's charts as Vega-Lite specifications, and the rows that they draw."""

from mh_batch.reporting.page.vega.by_group import difference_chart, histogram, interval_chart, reach_of
from mh_batch.reporting.page.vega.chart_rows import Data, change_data, group_data, region_data, score_data, time_data
from mh_batch.reporting.page.vega.frame import Frame, Spec, top_of_scale
from mh_batch.reporting.page.vega.over_time import heat_map, time_chart

__all__ = [
    "Data",
    "Frame",
    "Spec",
    "change_data",
    "difference_chart",
    "group_data",
    "heat_map",
    "histogram",
    "interval_chart",
    "reach_of",
    "region_data",
    "score_data",
    "time_chart",
    "time_data",
    "top_of_scale",
]

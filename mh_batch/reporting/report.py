"""Writes the report of a run into the run's folder."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mh_batch.reporting.aggregates import prevalence_table
from mh_batch.reporting.page import render_page
from mh_batch.reporting.tables import write_table
from mh_batch.settings import Period
from mh_batch.storage import Folder
from mh_batch.validation import load_contract


def write_report(spark: SparkSession, run: Folder, manifest: Mapping[str, Any], period: Period) -> Folder:
    """Write `prevalence.parquet`, `prevalence.csv` and `index.html` into the run's folder `report`.

    Args:
        spark: The session that groups the scores.
        run: Folder of the run, with `scores/model=<name>/` for each model.
        manifest: The run's manifest.
        period: What the report groups dates by.

    Returns:
        The report's folder.
    """
    parts = [_table_of(spark, run, model, period) for model in manifest["models"]]
    table = pa.concat_tables([load_contract("prevalence").arrow_schema().empty_table(), *parts])
    report = run / "report"
    write_table(table, report, "prevalence")
    (report / "index.html").write_bytes(render_page(table, manifest, period).encode())
    return report


def _table_of(spark: SparkSession, run: Folder, model: Mapping[str, Any], period: Period) -> pa.Table:
    scores = _read_scores(spark, run / "scores" / f"model={model['name']}", tuple(model["labels"]))
    return prevalence_table(scores, model["name"], model["labels"], period)


def _read_scores(spark: SparkSession, folder: Folder, labels: tuple[str, ...]) -> DataFrame:
    schema = load_contract("scores").for_labels(labels).spark_schema()
    if not folder.exists():
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(folder.spark_uri)

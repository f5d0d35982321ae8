"""Writes the report of a run into the run's folder."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mh_batch.reporting.aggregates import prevalence_table
from mh_batch.reporting.change import change_table
from mh_batch.reporting.page import render_page
from mh_batch.reporting.tables import read_table, write_table
from mh_batch.settings import Period
from mh_batch.storage import Folder
from mh_batch.validation import load_contract


def write_report(
    spark: SparkSession, run: Folder, manifest: Mapping[str, Any], period: Period, previous: Folder | None = None
) -> Folder:
    """Write the tables `prevalence` and `change`, and `index.html`, into the run's folder `report`.

    Args:
        spark: The session that groups the scores.
        run: Folder of the run, with `scores/model=<name>/` for each model.
        manifest: The run's manifest.
        period: What the report groups dates by.
        previous: Folder of the published run to compare with.

    Returns:
        The report's folder.
    """
    parts = [_table_of(spark, run, model, period) for model in manifest["models"]]
    table = pa.concat_tables([load_contract("prevalence").arrow_schema().empty_table(), *parts])
    report = run / "report"
    write_table(table, report, "prevalence")
    if previous is not None:
        write_table(_change(table, manifest, previous), report, "change")
    (report / "index.html").write_bytes(render_page(table, manifest, period).encode())
    return report


def _change(table: pa.Table, manifest: Mapping[str, Any], previous: Folder) -> pa.Table:
    return change_table(
        table, manifest, read_table(previous / "report", "prevalence"), (previous / "manifest.json").read_json()
    )


def _table_of(spark: SparkSession, run: Folder, model: Mapping[str, Any], period: Period) -> pa.Table:
    scores = _read_scores(spark, run / "scores" / f"model={model['name']}", tuple(model["labels"]))
    return prevalence_table(scores, model["name"], model["labels"], period)


def _read_scores(spark: SparkSession, folder: Folder, labels: tuple[str, ...]) -> DataFrame:
    schema = load_contract("scores").for_labels(labels).spark_schema()
    if not folder.exists():
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(folder.spark_uri)

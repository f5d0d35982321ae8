from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from pyspark.sql import SparkSession

from mh_batch.reporting import write_report
from mh_batch.reporting.tables import write_table
from mh_batch.storage import Folder
from mh_batch.validation import load_contract
from tests.reporting.made_up import MODELS, manifest, prevalence


def test_the_table_is_written_as_parquet_and_as_csv(tmp_path: Path) -> None:
    table = prevalence()

    write_table(table, Folder.at(str(tmp_path)), "prevalence")

    assert parquet.read_table(tmp_path / "prevalence.parquet").equals(table)
    read = csv.read_csv(tmp_path / "prevalence.csv")
    assert read.column_names == table.column_names
    assert read["positives"].to_pylist() == table["positives"].to_pylist()


@pytest.mark.spark
def test_a_run_gets_its_tables_and_its_page(spark: SparkSession, tmp_path: Path) -> None:
    model = MODELS[1]
    labels = tuple(model["labels"])
    schema = load_contract("scores").for_labels(labels).arrow_schema()
    row = ("d1", None, None, "en", None, None, 0.2, 0.8, ["depressed"], "depressed", 5, 1, "k")
    scores = tmp_path / "scores" / f"model={model['name']}"
    scores.mkdir(parents=True)
    parquet.write_table(
        pa.Table.from_pylist([dict(zip(schema.names, row, strict=True))], schema), scores / "part-0.parquet"
    )

    report = write_report(spark, Folder.at(str(tmp_path)), manifest([model]), "week")

    assert report.names() == ["index.html", "prevalence.csv", "prevalence.parquet"]
    table = parquet.read_table(f"{report.uri}/prevalence.parquet").to_pylist()
    assert {(r["label"], r["period"], r["prevalence"]) for r in table} == {
        (label, period, share) for label, share in zip(labels, (0.0, 1.0), strict=True) for period in ("all", "undated")
    }


@pytest.mark.spark
def test_a_model_that_scored_nothing_does_not_break_the_report(spark: SparkSession, tmp_path: Path) -> None:
    report = write_report(spark, Folder.at(str(tmp_path)), manifest(MODELS[:1]), "week")

    assert "This model scored no documents" in (report / "index.html").read_bytes().decode()

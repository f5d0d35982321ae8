"""The lines of docs/reference/reading.md are run as their reader would, each against the tables of one made-up run."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from mh_batch import open_run
from mh_batch.output import OutputRoot
from mh_batch.publishing import Place, publish_run
from tests.publishing.roots import LABELS, MOODS, RUN, own_rows, sorted_rows, write_run

TEXT = (Path(__file__).parents[1] / "docs" / "reference" / "reading.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
LINES = [
    (section, reader, line)
    for section, content in SECTIONS.items()
    for reader, line in re.findall(r"^\| (\w[^|]*) \| `(.*)` \|$", content, re.MULTILINE)
]
ONE, ALL, REJECTED, PUBLISHED = SECTIONS


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reading") / "results"
    write_run(root)
    publish_run(OutputRoot.at(str(root)), "latest", Place.named(f"delta:{root.parent}/tables"))
    return root


def rows_of(read: Any) -> list[dict[str, Any]]:
    if isinstance(read, pd.DataFrame):
        read = pa.Table.from_pandas(read, preserve_index=False)
    if isinstance(read, pl.LazyFrame):
        read = read.collect().to_arrow()
    if isinstance(read, DataFrame):
        return [row.asDict() for row in read.collect()]
    if isinstance(read, ds.Dataset):
        read = read.to_table()
    if isinstance(read, duckdb.DuckDBPyRelation):
        read = read.to_arrow_table()
    rows: list[dict[str, Any]] = read.to_pylist()
    return rows


def read_by(line: str, root: Path, spark: SparkSession | None = None) -> list[dict[str, Any]]:
    places = {"RUN": f"{root}/runs/{RUN}", "MODEL": MOODS, "TABLES": f"{root.parent}/tables"}
    line = re.sub(r"\b(RUN|MODEL|TABLES)\b", lambda found: places[found[1]], line)
    names = {"duckdb": duckdb, "pd": pd, "pl": pl, "ds": ds, "DeltaTable": DeltaTable, "spark": spark}
    return rows_of(eval(line, {**names, "run": open_run(str(root))}))


def check(section: str, rows: list[dict[str, Any]], root: Path) -> None:
    """Ids, labels and probabilities are those of the files; a model's name is what it is, and not a number."""
    run = root / "runs" / RUN
    if section == REJECTED:
        assert sorted(row["doc_id"] for row in rows) == ["five", "four"]
        assert {name for row in rows for name in row} == {"doc_id", "author_key", "model", "reason", "detail"}
        return
    wanted = own_rows(run, [MOODS] if section == ONE else [*LABELS])
    names = ["doc_id", *(name for name in ("run_id", "model") if name in rows[0]), "labels", "top_label", "n_tokens"]
    names += [name for name in wanted[0] | wanted[-1] if name.startswith("p_")]
    found = sorted_rows(
        [{"run_id": RUN, **({"model": MOODS} if section == ONE else {}), **_known(row)} for row in rows]
    )
    assert [{name: row.get(name) for name in names} for row in found] == [
        {name: row.get(name) for name in names} for row in wanted
    ]
    assert ("model" in rows[0]) or section == ONE


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None and value == value}


@pytest.mark.parametrize(("section", "reader", "line"), [line for line in LINES if line[1] != "Spark"])
def test_each_line_reads_every_row_and_column(section: str, reader: str, line: str, root: Path) -> None:
    check(section, read_by(line, root), root)


@pytest.mark.spark
@pytest.mark.parametrize(("section", "reader", "line"), [line for line in LINES if line[1] == "Spark"])
def test_each_line_of_spark_reads_every_row_and_column(
    section: str, reader: str, line: str, root: Path, spark: SparkSession
) -> None:
    check(section, read_by(line, root, spark), root)


def test_every_section_has_lines_for_its_readers() -> None:
    readers = {section: {reader for found, reader, _ in LINES if found == section} for section in SECTIONS}
    assert {"DuckDB", "pandas", "polars", "Spark"} <= readers[ONE] & readers[ALL] & readers[REJECTED]
    assert {"deltalake, pandas", "polars", "Arrow"} == readers[PUBLISHED]


def test_read_as_one_folder_columns_vanish_as_the_page_says(root: Path) -> None:
    columns = pd.read_parquet(root / "runs" / RUN / "scores").columns
    assert len({"p_sad", "p_tense"} & {*columns}) == 1

"""Labelled texts as other writers make them; what is read is what their own reader, or DuckDB, returns."""

import subprocess
import sys
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from mh_batch.errors import CorpusError
from mh_batch.evaluation.data.labelled_files import LabelledFiles
from mh_batch.evaluation.data.truth import read_truth

THREE = {"text": ["x", "y", "z"], "label": [0, 1, 1]}
NO_IDS = pa.table(THREE)


def read(*places: Path, **columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = LabelledFiles.of(list(map(str, places)), columns).table(with_text=True).to_pylist()
    return rows


def write(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({**THREE, **columns}), path)
    return path


def test_rows_that_a_delta_table_has_deleted_are_not_measured_on(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "delta", NO_IDS)
    DeltaTable(tmp_path / "delta").delete("text = 'x'")
    assert DeltaTable(tmp_path / "delta").to_pyarrow_table()["text"].to_pylist() == ["y", "z"]
    for given in (tmp_path / "delta", tmp_path, next((tmp_path / "delta").glob("*.parquet"))):
        with pytest.raises(CorpusError, match="a Delta table, whose files are not its rows"):
            read(given)


def test_each_file_is_measured_on_once_and_what_is_hidden_not_at_all(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.parquet")
    (tmp_path / "data" / "again.parquet").symlink_to("a.parquet")
    (tmp_path / "data" / "loop").symlink_to(".")
    for name in ("_temporary/0/b.parquet", "_b.parquet", ".b.parquet", "+tmp/b.parquet"):
        write(tmp_path / "data" / name)
    (tmp_path / "data" / "README.md").write_text("about the data")
    assert [row["text"] for row in read(tmp_path / "data", tmp_path / "data" / "a.parquet")] == ["x", "y", "z"]
    write(tmp_path / "data" / "part-00001")
    assert len(read(tmp_path / "data")) == 6


def test_what_cannot_be_read_in_a_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    (tmp_path / "gone.parquet").symlink_to("nowhere.parquet")
    with pytest.raises(CorpusError, match=r"gone\.parquet: it is a link to what is not there"):
        read(tmp_path)
    (tmp_path / "gone.parquet").unlink()
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    (tmp_path / "c.parquet").write_bytes(bytes(8) + b"PARE")
    with pytest.raises(CorpusError) as error:
        read(tmp_path)
    assert "b.parquet: it is damaged or no Parquet file" in str(error.value)
    assert "c.parquet: it is encrypted" in str(error.value)


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([UUID(int=n).bytes for n in (1, 2, 3)], pa.uuid()),
        pa.array([1, 2, 3], pa.int8()),
        pa.array([2**64 - 1, 2, 3], pa.uint64()),
        pa.array([Decimal(n) for n in (1, 2, 3)], pa.decimal128(38, 0)),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_are_those_that_duckdb_reads(tmp_path: Path, ids: pa.Array) -> None:
    path = write(tmp_path / "a.parquet", doc_id=ids)
    found = duckdb.execute(f"select doc_id::varchar from '{path}'").fetchall()
    assert [row["doc_id"] for row in read(path)] == [id for (id,) in found]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"doc_id": [1.0, 2.0, 3.0]}, "column 'doc_id' is double, expected string or integer or UUID"),
        ({"doc_id": [["a"], ["b"], ["c"]]}, "column 'doc_id' is list"),
        ({"text": [1, 2, 3]}, "column 'text' is int64, expected string or binary"),
        ({"text": [["x"], ["y"], ["z"]]}, "column 'text' is list"),
        ({"text": pa.array([b"x", b"y", b"\xe4 z"])}, "column 'text' is not in UTF-8"),
    ],
)
def test_columns_that_are_no_texts_or_ids_are_named_with_their_file(tmp_path: Path, columns: Any, said: str) -> None:
    with pytest.raises(CorpusError, match=rf"a\.parquet: {said}"):
        read(write(tmp_path / "a.parquet", **columns))


@pytest.mark.parametrize("labels", [[["a"]] * 3, [{"a": 1}] * 3])
def test_labels_that_are_no_values_are_refused(tmp_path: Path, labels: Any) -> None:
    table = LabelledFiles.of([str(write(tmp_path / "a.parquet", label=labels))], {}).table(with_text=False)
    with pytest.raises(CorpusError, match="its values are no labels"):
        read_truth(table, None, [])


def test_columns_that_nobody_asked_for_stop_nothing(tmp_path: Path) -> None:
    table = pa.table({**THREE, "Text": ["a"] * 3, "at": pa.array([time(1)] * 3)})
    pq.write_table(table.append_column("at", pa.array([1] * 3)), tmp_path / "a.parquet", compression="brotli")
    assert [row["text"] for row in read(tmp_path / "a.parquet")] == ["x", "y", "z"]
    pq.write_table(table.append_column("text", pa.array(["b"] * 3)), tmp_path / "twice.parquet")
    with pytest.raises(CorpusError, match=r"twice\.parquet: it has more than one column 'text'"):
        read(tmp_path / "twice.parquet")
    pl.DataFrame({**THREE, "i128": pl.Series([1, 2, 3], dtype=pl.Int128)}).write_parquet(tmp_path / "wide.parquet")
    with pytest.raises(CorpusError, match=r"wide\.parquet: it has a column of a type that Arrow cannot read"):
        read(tmp_path / "wide.parquet")


def test_folders_may_name_columns_and_files_may_differ_in_types(tmp_path: Path) -> None:
    write(tmp_path / "language=de" / "a.parquet", label=pa.array([0, 1, None], pa.int8()))
    write(tmp_path / "language=__HIVE_DEFAULT_PARTITION__" / "2026-03-01T10:00 [1].parquet", label=pa.nulls(3))
    found = {(row["language"], row["label"]) for row in read(tmp_path)}
    assert found == {("de", 0), ("de", 1), ("de", None), (None, None)}


def test_numbers_that_pandas_wrote_beside_nulls_still_tell_authors_apart(tmp_path: Path) -> None:
    rows = read(write(tmp_path / "a.parquet", author_id=[7.0, 7.0, None]))
    assert [row["author_id"] for row in rows] == ["7", "7", None]


def test_reading_needs_no_spark(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", others=[[{"a": 1}]] * 3)
    code = "import sys; from mh_batch.evaluation.data.labelled_files import LabelledFiles; "
    code += f"LabelledFiles.of([{str(path)!r}], {{}}).table(True); print('pyspark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.spark
def test_spark_reads_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    from mh_batch.evaluation.data.spark_texts import SparkTexts

    ids = pa.array([UUID(int=n).bytes for n in (1, 2, 3)], pa.uuid())
    write(tmp_path / "a [1].parquet", doc_id=ids, Text=["a"] * 3, at=pa.array([time(1)] * 3))
    write(tmp_path / "10:00.parquet", doc_id=pa.array([1, 2, 3], pa.uint64()), text=pa.nulls(3))
    (tmp_path / "again.parquet").symlink_to("10:00.parquet")
    files = LabelledFiles.of([str(tmp_path)], {})
    here = files.table(with_text=True).select(["doc_id", "text"]).to_pylist()
    there = SparkTexts(spark, files, [], "cpu", None)._documents().collect()
    assert sorted(map(str, here)) == sorted(str(row.asDict()) for row in there)

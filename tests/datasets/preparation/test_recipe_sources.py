"""Files of sources as other writers make them."""

from datetime import time
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from mh_batch.datasets.preparation.preparation_recipe import Source
from mh_batch.datasets.preparation.recipe_sources import read_source
from mh_batch.errors import PreparationError

TWO = {"doc_id": ["a", "b"], "text": ["one", "two"], "mood": [0, 1]}


def read(path: Path) -> dict[str, list[Any]]:
    rules = [{"when": {"mood": 0}, "then": "calm"}]
    rows, _ = read_source(Source.model_validate({"name": "s", "path": path.name, "labels": rules}), path.parent)
    return {str(name): list(rows[name]) for name in rows}


def write(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({**TWO, **columns}), path)
    return path


def test_rows_that_a_delta_table_has_deleted_are_no_source(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "delta", pa.table(TWO))
    DeltaTable(tmp_path / "delta").delete("doc_id = 'a'")
    with pytest.raises(PreparationError, match=r"source 's': .*delta is a Delta table"):
        read(tmp_path / "delta")


def test_each_file_of_a_folder_is_read_once_and_by_its_own_columns(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"text": ["zero"], "mood": [1]}), write(tmp_path / "s" / "z.parquet").with_name("a.parquet")
    )
    (tmp_path / "s" / "again.parquet").symlink_to("a.parquet")
    (tmp_path / "s" / "loop").symlink_to(".")
    write(tmp_path / "s" / "_temporary" / "0" / "b.parquet")
    assert read(tmp_path / "s") == {"text": ["zero", "one", "two"], "mood": [1, 0, 1], "doc_id": [None, "a", "b"]}
    (tmp_path / "s" / "gone.parquet").symlink_to("nowhere.parquet")
    with pytest.raises(PreparationError, match=r"gone\.parquet: it is a link to what is not there"):
        read(tmp_path / "s")


def test_a_damaged_file_of_a_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path / "s" / "a.parquet")
    (tmp_path / "s" / "b.parquet").write_text("these are notes")
    with pytest.raises(PreparationError, match=r"b\.parquet: it is damaged or no Parquet file"):
        read(tmp_path / "s")


@pytest.mark.parametrize(
    "texts",
    [pa.array(TWO["text"], pa.string_view()), pa.array(TWO["text"]).dictionary_encode(), pa.array([b"one", b"two"])],
    ids=lambda texts: str(texts.type),
)
def test_texts_of_every_type_are_texts(tmp_path: Path, texts: pa.Array) -> None:
    assert read(write(tmp_path / "s.parquet", text=texts))["text"] == ["one", "two"]


def test_columns_that_nobody_asked_for_stop_nothing_and_odd_ones_are_named(tmp_path: Path) -> None:
    assert read(write(tmp_path / "s.parquet", Text=["a", "b"], at=pa.array([time(1)] * 2)))["text"] == ["one", "two"]
    with pytest.raises(PreparationError, match="column 'doc_id' holds list"):
        read(write(tmp_path / "s.parquet", doc_id=[["a"], ["b"]]))
    pl.DataFrame({**TWO, "wide": pl.Series([1, 2], dtype=pl.Int128)}).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(PreparationError, match=r"s\.parquet: it has a column of a type that Arrow cannot read"):
        read(tmp_path / "s.parquet")


def test_ids_and_texts_in_csv_stay_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(b'\xef\xbb\xbfdoc_id,text,mood\n007,12,0\nNA,null,1\n,"",NA\n')
    found = read(tmp_path / "s.csv")
    assert found["doc_id"] == ["007", "NA", None]
    assert found["text"] == ["12", "null", None]
    assert found["mood"][:2] == [0, 1]


def test_csv_with_other_marks_between_columns_is_told_by_its_columns(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("doc_id;text;mood\n007;hello;0\n")
    with pytest.raises(PreparationError, match="has no column 'mood': known are: doc_id;text;mood"):
        read(tmp_path / "s.csv")

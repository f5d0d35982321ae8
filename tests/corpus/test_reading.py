from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch.corpus.reading import read_corpus
from mh_batch.errors import ConsentError, CorpusError

pytestmark = pytest.mark.spark

AGREED = ["research"]


def write(path: Path, **columns: Any) -> str:
    rows = len(next(iter(columns.values())))
    pq.write_table(pa.table({"consent": [AGREED] * rows, **columns}), path)
    return str(path)


def read(spark: SparkSession, *inputs: str, **columns: str) -> list[dict[str, Any]]:
    return [row.asDict() for row in read_corpus(spark, inputs, columns, None).orderBy("doc_id").collect()]


def test_files_folders_and_globs_are_read_together(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    one = write(tmp_path / "one.parquet", doc_id=["a"], text=["x"])
    write(folder / "two.parquet", doc_id=["b"], text=["y"], region=["North"])
    write(tmp_path / "glob-1.parquet", doc_id=["c"], text=["z"])
    write(tmp_path / "glob-2.parquet", doc_id=["d"], text=["z"])
    rows = read(spark, one, str(folder), str(tmp_path / "glob-*.parquet"))
    assert [(row["doc_id"], row["region"]) for row in rows] == [("a", None), ("b", "North"), ("c", None), ("d", None)]


def test_columns_are_mapped_and_identifiers_may_be_numbers(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", **{"id": [7], "the.body": ["x"], "who": [12]})
    row = read(spark, path, doc_id="id", text="the.body", author_id="who")[0]
    assert (row["doc_id"], row["text"], row["author_id"]) == ("7", "x", "12")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2026-03-01T10:00:00Z"], datetime(2026, 3, 1, 10)),
        (["2026-03-01T10:00:00+02:00"], datetime(2026, 3, 1, 8)),
        (["2026-03-01"], datetime(2026, 3, 1)),
        ([date(1662, 3, 1)], datetime(1662, 3, 1)),
        ([datetime(2026, 3, 1, 10, tzinfo=UTC)], datetime(2026, 3, 1, 10)),
        (pa.array([1_772_359_200_123_456_789], pa.timestamp("ns", "UTC")), datetime(2026, 3, 1, 10, 0, 0, 123456)),
        ([None], None),
    ],
)
def test_dates_are_read_as_utc_from_what_people_have(
    spark: SparkSession, tmp_path: Path, values: Any, expected: datetime | None
) -> None:
    if values == [None]:
        values = pa.array([None], pa.string())
    path = write(tmp_path / "a.parquet", doc_id=["a"], text=["x"], created_at=values)
    row = read_corpus(spark, [path], {}, None).selectExpr("cast(created_at as string) as at", "bad_date").head()
    assert row is not None
    assert row["at"] == (str(expected) if expected else None)
    assert row["bad_date"] is False


@pytest.mark.parametrize("value", ["yesterday", "2026-02-31", "12:30", "", "20260301", "12026-01-01"])
def test_a_date_that_is_none_is_marked(spark: SparkSession, tmp_path: Path, value: str) -> None:
    path = write(tmp_path / "a.parquet", doc_id=["a"], text=["x"], created_at=[value])
    row = read(spark, path)[0]
    assert (row["created_at"], row["bad_date"]) == (None, True)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("DE_at", "de"),
        (" FR ", "fr"),
        ("", None),
        ("I wrote this today", "unreadable"),
        ("klingon", "klingon"),
    ],
)
def test_language_tags_become_codes(spark: SparkSession, tmp_path: Path, value: str, code: str | None) -> None:
    path = write(tmp_path / "a.parquet", doc_id=["a"], text=["x"], language=[value])
    assert read(spark, path)[0]["language"] == code


@pytest.mark.parametrize(
    ("columns", "mapping", "message"),
    [
        ({"id": ["a"], "text": ["x"]}, {}, "no column 'doc_id'"),
        ({"doc_id": ["a"], "texts": ["x"]}, {}, "no column 'text': did you mean 'texts'"),
        ({"doc_id": ["a"], "text": ["x"]}, {"text": "txt"}, "no column 'txt', given for 'text': did you mean 'text'"),
        ({"doc_id": ["a"], "text": [1]}, {}, r"column 'text' \(text\) is bigint, expected string"),
        ({"doc_id": [1.5], "text": ["x"]}, {}, "column 'doc_id' .* is double"),
        ({"doc_id": ["a"], "text": ["x"], "created_at": [1772359200]}, {}, "column 'created_at' .* is bigint"),
        ({"doc_id": ["a"], "text": ["x"], "consent": ["research"]}, {}, "column 'consent' .* expected array"),
        ({"doc_id": ["a"], "text": ["x"], "consent": [[1]]}, {}, "column 'consent' .* expected array<string>"),
    ],
)
def test_wrong_or_missing_columns_are_named_before_any_work(
    spark: SparkSession, tmp_path: Path, columns: dict[str, Any], mapping: dict[str, str], message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read_corpus(spark, [write(tmp_path / "a.parquet", **columns)], mapping, None)


def test_a_missing_input_is_named(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"gone\.parquet cannot be read as Parquet: there is no such file or folder"):
        read_corpus(spark, [str(tmp_path / "gone.parquet")], {}, None)


def test_a_folder_without_parquet_is_named(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="it holds no Parquet file"):
        read_corpus(spark, [str(tmp_path)], {}, None)


def test_a_file_that_is_no_parquet_is_named(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "notes.parquet"
    path.write_text("these are notes")
    with pytest.raises(
        CorpusError, match=r"notes\.parquet cannot be read as Parquet: it is damaged or no Parquet file"
    ):
        read_corpus(spark, [str(path)], {}, None)


def test_without_a_consent_column_a_basis_must_be_stated(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pd.DataFrame({"doc_id": ["a"], "text": ["x"]}).to_parquet(path)
    with pytest.raises(ConsentError, match=r"no 'consent' column.*--consent-basis"):
        read_corpus(spark, [path], {}, None)
    row = read_corpus(spark, [path], {}, "public domain").head()
    assert row is not None
    assert row["may_use"] is True


def test_files_of_one_folder_are_read_by_all_their_columns(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({"doc_id": ["a"], "text": ["x"]}), tmp_path / "part-0.parquet")
    write(tmp_path / "part-1.parquet", doc_id=["b"], text=["y"], consent=[["self_help"]])
    rows = read_corpus(spark, [str(tmp_path)], {}, "asked on paper").orderBy("doc_id").collect()
    assert [row["may_use"] for row in rows] == [False, False]


def test_files_that_disagree_on_a_type_are_named(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "part-0.parquet", doc_id=["a"], text=["x"])
    write(tmp_path / "part-1.parquet", doc_id=["b"], text=[5])
    with pytest.raises(CorpusError, match="its files disagree on the type of a column"):
        read_corpus(spark, [str(tmp_path)], {}, None)

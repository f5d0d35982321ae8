from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession, functions as F

from mh_batch.common.redaction import spark_muted
from mh_batch.corpus import listing, read_corpus
from mh_batch.errors import ConsentError, CorpusError

pytestmark = pytest.mark.spark

AGREED = ["research"]


def write(path: Path, **columns: Any) -> str:
    rows = len(next(iter(columns.values())))
    pq.write_table(pa.table({"consent": [AGREED] * rows, **columns}), path)
    return str(path)


def read(spark: SparkSession, *inputs: str, **columns: str) -> list[dict[str, Any]]:
    documents = read_corpus(spark, inputs, columns, None).documents
    return [row.asDict() for row in documents.orderBy("doc_id").collect()]


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
    row = (
        read_corpus(spark, [path], {}, None).documents.selectExpr("cast(created_at as string) as at", "bad_date").head()
    )
    assert row is not None
    assert row["at"] == (str(expected) if expected else None)
    assert row["bad_date"] is False


@pytest.mark.parametrize("value", ["yesterday", "2026-02-31", "12:30", "", "12026-01-01"])
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


def test_without_a_consent_column_a_basis_must_be_stated(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pd.DataFrame({"doc_id": ["a"], "text": ["x"]}).to_parquet(path)
    with pytest.raises(ConsentError, match=r"no 'consent' column.*--consent-basis"):
        read_corpus(spark, [path], {}, None)
    row = read_corpus(spark, [path], {}, "public domain").documents.head()
    assert row is not None
    assert row["kept_out"] is None


def test_files_of_one_folder_are_read_by_all_their_columns(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({"doc_id": ["a"], "text": ["x"]}), tmp_path / "part-0.parquet")
    write(tmp_path / "part-1.parquet", doc_id=["b"], text=["y"], consent=[["self_help"]])
    documents = read_corpus(spark, [str(tmp_path)], {}, "asked on paper").documents
    assert [row["kept_out"] for row in documents.orderBy("doc_id").collect()] == ["not in the document's consent"] * 2


def test_files_may_differ_in_the_types_of_their_columns(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "part-0.parquet", doc_id=["a"], text=["x"], created_at=["2026-03-01"], other=["o"])
    write(tmp_path / "part-1.parquet", doc_id=[7], text=[b"y"], created_at=[date(2026, 3, 2)], other=[1.5])
    rows = read(spark, str(tmp_path))
    assert [(row["doc_id"], row["text"], row["created_at"].day) for row in rows] == [("7", "y", 2), ("a", "x", 1)]


def test_folders_may_name_a_column(spark: SparkSession, tmp_path: Path) -> None:
    for folder, doc_id in (("region=North", "a"), ("region=S%C3%BCd", "b"), ("region=__HIVE_DEFAULT_PARTITION__", "c")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "part.parquet", doc_id=[doc_id], text=["x"])
    write(tmp_path / "beside.parquet", doc_id=["d"], text=["x"])
    write(tmp_path / "region=North" / "own.parquet", doc_id=["e"], text=["x"], region=["West"])
    rows = read(spark, str(tmp_path))
    assert [row["region"] for row in rows] == ["North", "Süd", None, None, "West"]


def test_odd_file_names_are_read(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "a b ü%20"
    folder.mkdir()
    for number, name in enumerate(["a b.parquet", "ü%20[1].parquet", "{x}*.parquet"]):
        write(folder / name, doc_id=[str(number)], text=["x"])
    rows = read(spark, str(folder))
    assert sorted(row["source_file"] for row in rows) == ["a b.parquet", "{x}*.parquet", "ü%20[1].parquet"]


def test_a_file_that_two_inputs_name_is_read_once(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", doc_id=["a", "b"], text=["x", "y"])
    corpus = read_corpus(spark, [path, str(tmp_path)], {}, None)
    assert corpus.rows == corpus.documents.count() == 2


def test_files_of_another_file_system_are_listed_by_spark(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_local_path", lambda *_: None)
    folder = tmp_path / "a b ü" / "region=North"
    folder.mkdir(parents=True)
    write(folder / "a.parquet", doc_id=["a"], text=["x"])
    write(folder / "_metadata", doc_id=["b"], text=["y"])
    (folder / "bad.parquet").write_text("these are notes")
    place = f"file://{tmp_path}/a b ü"
    corpus = read_corpus(spark, [place, place], {}, None, max_bad_files=1)
    assert [(row["doc_id"], row["region"]) for row in corpus.documents.collect()] == [("a", "North")]
    assert corpus.rows == 1
    (tmp_path / "a b ü" / "_delta_log").mkdir()
    with pytest.raises(CorpusError, match="a Delta table"):
        read_corpus(spark, [f"{place}/region=North/a.parquet"], {}, None)
    with pytest.raises(CorpusError, match="a Delta table"):
        read_corpus(spark, [f"file://{tmp_path}"], {}, None)


def test_documents_are_the_sessions_that_asked_for_them(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", doc_id=["a"], text=["x"])
    documents = read_corpus(spark, [path], {}, None).documents
    assert documents.sparkSession is spark
    assert spark.conf.get("spark.sql.caseSensitive") == "false"
    assert "Union" not in documents._jdf.queryExecution().optimizedPlan().toString()


def test_spark_logs_no_error_by_itself(spark: SparkSession, capfd: pytest.CaptureFixture[str]) -> None:
    frame = spark.createDataFrame([("I feel empty.",)], "text string")
    failing = frame.select(F.col("text").cast("int"))
    with spark_muted(), pytest.raises(PySparkException):
        failing.collect()
    logged = capfd.readouterr().err
    assert "I feel empty" not in "".join(line for line in logged.splitlines() if line.startswith("{"))


def test_a_bad_file_that_two_inputs_name_is_not_opened_by_the_second(spark: SparkSession, tmp_path: Path) -> None:
    bad = tmp_path / "a.parquet"
    bad.write_text("these are notes")
    write(tmp_path / "b.parquet", doc_id=["b"], text=["y"])
    corpus = read_corpus(spark, [str(bad), str(tmp_path)], {}, None, max_bad_files=1)
    assert [row["doc_id"] for row in corpus.documents.collect()] == ["b"]


def test_places_tell_all_rows_apart_in_the_order_of_the_files(spark: SparkSession, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"part-{number}.parquet", doc_id=[f"{number}-{i}" for i in range(3)], text=["x"] * 3)
    rows = read_corpus(spark, [str(tmp_path)], {}, None).documents.orderBy("place").collect()
    assert [row["doc_id"] for row in rows] == [f"{number}-{i}" for number in range(3) for i in range(3)]


@pytest.fixture
def folder_with_bad_files(tmp_path: Path) -> Path:
    whole = tmp_path / "whole.parquet"
    write(whole, doc_id=["a", "b"], text=["x", "y"])
    (tmp_path / "truncated.parquet").write_bytes(whole.read_bytes()[:-100])
    (tmp_path / "notes.parquet").write_text("these are notes")
    write(tmp_path / "mixed.parquet", doc_id=["c"], text=[{"body": "z"}])
    write(tmp_path / "changed.parquet", doc_id=["d"], words=["z"])
    return tmp_path


def test_files_that_cannot_be_used_are_named_with_the_cause(spark: SparkSession, folder_with_bad_files: Path) -> None:
    with pytest.raises(CorpusError) as error:
        read_corpus(spark, [str(folder_with_bad_files)], {}, None, max_bad_files=3)
    message = str(error.value)
    assert "4 of 5 files cannot be used" in message
    assert "--max-bad-files 4" in message
    for name, cause in (
        ("truncated", "it is damaged or no Parquet file"),
        ("notes", "it is damaged or no Parquet file"),
        ("mixed", r"column 'text' (text) is struct<body:string>, expected string or binary"),
        ("changed", "it has no column 'text': "),
    ):
        assert f"  - {folder_with_bad_files}/{name}.parquet: {cause}" in message


def test_bad_files_are_left_out_where_so_many_are_allowed(spark: SparkSession, folder_with_bad_files: Path) -> None:
    corpus = read_corpus(spark, [str(folder_with_bad_files)], {}, None, max_bad_files=4)
    assert [row["doc_id"] for row in corpus.documents.orderBy("doc_id").collect()] == ["a", "b"]
    assert (corpus.rows, len(corpus.files), len(corpus.bad_files)) == (2, 1, 4)


def test_a_corpus_of_bad_files_is_refused_however_many_are_allowed(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "notes.parquet").write_text("these are notes")
    with pytest.raises(CorpusError, match="1 of 1 files cannot be used"):
        read_corpus(spark, [str(tmp_path)], {}, None, max_bad_files=10)


@pytest.mark.parametrize(("damage", "cause"), [("garbled", "damaged"), ("gone", "vanished")])
def test_a_file_that_fails_while_it_is_read_is_named(
    spark: SparkSession, tmp_path: Path, damage: str, cause: str
) -> None:
    write(tmp_path / "a.parquet", doc_id=["a"], text=["x"])
    bad = tmp_path / "b b.parquet"
    write(bad, doc_id=[str(i) for i in range(1000)], text=[f"{i}" * 9 for i in range(1000)])
    corpus = read_corpus(spark, [str(tmp_path)], {}, None)
    if damage == "gone":
        bad.unlink()
    else:
        content = bytearray(bad.read_bytes())
        content[100:2000] = bytes(1900)
        bad.write_bytes(content)
    with pytest.raises((PySparkException, Py4JError)) as error:
        corpus.documents.write.format("noop").mode("overwrite").save()
    found = corpus.unreadable_file(error.value)
    assert found is not None
    assert str(found).startswith(f"{bad}: ")
    assert cause in found.cause
    rest = read_corpus(spark, [str(tmp_path)], {}, None, 1, [found])
    assert [row["doc_id"] for row in rest.documents.collect()] == ["a"]

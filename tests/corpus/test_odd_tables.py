"""Tables of other writers, with columns that neither Spark nor we have a type for; they hold what DuckDB says."""

import os
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession, types as T

from mh_batch.corpus import Corpus, read_corpus
from mh_batch.errors import CorpusError

pytestmark = pytest.mark.spark

THREE = {"doc_id": ["a", "b", "c"], "text": ["x", "y", "z"]}


def read(spark: SparkSession, *inputs: Path, bad: int = 0, **columns: Any) -> list[dict[str, Any]]:
    corpus = open_corpus(spark, *inputs, bad=bad, **columns)
    rows = [row.asDict() for row in corpus.documents.orderBy("doc_id").collect()]
    assert len(rows) == corpus.rows
    return rows


def open_corpus(spark: SparkSession, *inputs: Path, bad: int = 0, **columns: Any) -> Corpus:
    return read_corpus(spark, list(map(str, inputs)), columns, "made up", bad)


def texts(rows: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    return [(row["doc_id"], row["text"]) for row in rows]


def test_columns_that_nobody_asked_for_stop_nothing(spark: SparkSession, tmp_path: Path) -> None:
    duckdb.sql(
        "copy (select 'a' as doc_id, 'x' as text, time '01:00' as tm, timetz '01:00:00+01' as ttz, "
        "interval 1 day as iv, uuid() as u, 1::hugeint as h, 1::uhugeint as uh, '101'::bit as bits, map {'k': 1} as m, "
        "{'k': 1, 'l': [{'n': 1}]} as st, [[1]] as ll, 1::decimal(38, 9) as dec, null as nothing, 1 as \"text (old)\", "
        f"{{'doc_id': 1}} as \"the\", 'o' as \"a\nb\") to '{tmp_path}/duckdb.parquet' (format parquet)"
    )
    odd = {
        "i128": pl.Series([1], dtype=pl.Int128),
        "took": [timedelta(1)],
        "at": [time(1)],
        "pairs": pl.Series([[1, 2]], dtype=pl.Array(pl.Int8, 2)),
    }
    pl.DataFrame({"doc_id": ["b"], "text": ["y"], **odd}).write_parquet(tmp_path / "polars.parquet")
    others = {
        "took": pa.array([timedelta(1)]),
        "half": pa.array([1.0], pa.float16()),
        "wide": pa.array([Decimal(1)], pa.decimal256(50, 0)),
        "Text": ["other"],
        "TEXT": ["others"],
        "likes": [1],
        "Likes": [2],
    }
    table = pa.table({"doc_id": ["c"], "text": ["z"], **others})
    pq.write_table(table.append_column("likes", pa.array([3])), tmp_path / "arrow.parquet")
    assert texts(read(spark, tmp_path)) == [("a", "x"), ("b", "y"), ("c", "z")]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([time(1)] * 3), "is time, expected string or integer or UUID"),
        (pa.array([1.0] * 3, pa.float16()), "is float16, expected"),
        (pa.array([1] * 3, pa.decimal256(50, 0)), r"is decimal\(50,0\), expected"),
        (pa.array([Decimal("1.5")] * 3, pa.decimal128(5, 1)), r"is decimal\(5,1\), expected"),
        (pa.array([b"0123456789abcdef"] * 3, pa.binary(16)), "is binary of 16 bytes, expected"),
        (pa.array([[{"a": "x"}]] * 3), r"is array<struct<a:string>>, expected"),
        (pa.array([[["x"]]] * 3), r"is array<array<string>>, expected"),
        (pa.array([True] * 3), "is boolean, expected"),
    ],
)
def test_a_mapped_column_that_is_none_makes_a_bad_file(
    spark: SparkSession, tmp_path: Path, column: Any, message: str
) -> None:
    pq.write_table(pa.table({**THREE, "who": column}), tmp_path / "bad.parquet")
    pq.write_table(pa.table({"doc_id": ["d"], "text": ["t"], "who": [1]}), tmp_path / "good.parquet")
    with pytest.raises(CorpusError, match=rf"bad\.parquet: column 'who' \(author_id\) {message}"):
        open_corpus(spark, tmp_path, author_id="who")
    assert texts(read(spark, tmp_path, bad=1, author_id="who")) == [("d", "t")]


def test_two_columns_of_one_name_are_told_where_the_name_is_asked_for(spark: SparkSession, tmp_path: Path) -> None:
    columns = [pa.array(["a"]), pa.array(["x"]), pa.array(["y"])]
    pq.write_table(pa.Table.from_arrays(columns, ["doc_id", "text", "text"]), tmp_path / "a.parquet")
    with pytest.raises(CorpusError, match=r"a\.parquet: it has more than one column 'text' \(text\)"):
        open_corpus(spark, tmp_path)
    pq.write_table(pa.Table.from_arrays(columns, ["doc_id", "body", "Body"]), tmp_path / "a.parquet")
    assert texts(read(spark, tmp_path, text="Body")) == [("a", "y")]
    with pytest.raises(CorpusError, match="its columns 'body' and 'Body' differ by case only"):
        open_corpus(spark, tmp_path, text="body", source="Body")


def test_identifiers_stand_as_their_natural_text(spark: SparkSession, tmp_path: Path) -> None:
    kinds = [
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "decimal(38, 0)",
    ]
    kinds += ["decimal(4, 0)", "uuid"]
    values = dict.fromkeys(kinds, "42") | {"uuid": "'0f0e0d0c-0b0a-4909-8807-060504030201'"}
    values |= {"ubigint": "18446744073709551615", "tinyint": "-128", "decimal(38, 0)": "-" + "9" * 38}
    for number, kind in enumerate(kinds):
        select = f"select ({values[kind]})::{kind} as doc_id, 'x' as text, null::{kind} as author_id"
        duckdb.sql(f"copy ({select}) to '{tmp_path}/{number}.parquet' (format parquet)")
    selects = [f"select doc_id::varchar from '{tmp_path}/{number}.parquet'" for number in range(len(kinds))]
    rows = read(spark, tmp_path)
    said = duckdb.sql(" union all ".join(selects))
    assert said is not None
    assert sorted((row["doc_id"],) for row in rows) == sorted(said.fetchall())
    assert {row["author_id"] for row in rows} == {None}


@pytest.mark.parametrize("column", ["created_at", "consent", "region", "author_id", "language", "text"])
def test_a_column_without_values_is_all_null_whatever_its_writer_calls_it(
    spark: SparkSession, tmp_path: Path, column: str
) -> None:
    rest = {"doc_id": ["a", "b"], "text": ["x", "y"]}
    pd.DataFrame({**rest, column: [None, None]}).to_parquet(tmp_path / "pandas.parquet")
    pd.DataFrame({**rest, column: [float("nan")] * 2}).to_parquet(tmp_path / "nan.parquet")
    pd.DataFrame({"doc_id": [], "text": [], column: []}).to_parquet(tmp_path / "empty.parquet")
    pl.DataFrame({**rest, column: [None, None]}).write_parquet(tmp_path / "polars.parquet")
    others = ", ".join(f"'{value}' as {name}" for name, value in (("doc_id", "a"), ("text", "x")) if name != column)
    duckdb.sql(f"copy (select {others}, null as {column}) to '{tmp_path}/duckdb.parquet' (format parquet)")
    pq.write_table(pa.table({**rest, column: pa.nulls(2, pa.bool_())}), tmp_path / "boolean.parquet")
    if column == "consent":
        pq.write_table(pa.table({**rest, column: pa.array([[], []])}), tmp_path / "lists.parquet")
        duckdb.sql(f"copy (select 'a' as doc_id, 'x' as text, []::int[] as consent) to '{tmp_path}/ints.parquet'")
    rows = read(spark, tmp_path)
    assert len(rows) == (12 if column == "consent" else 9)
    assert all(row[column] is None for row in rows)
    assert {row["kept_out"] is None for row in rows} == {column != "consent"}


@pytest.mark.parametrize("with_nulls", [True, False])
def test_lists_of_old_writers_are_lists(spark: SparkSession, tmp_path: Path, with_nulls: bool) -> None:
    schema = T.StructType().add("doc_id", "string").add("text", "string")
    schema = schema.add("consent", T.ArrayType(T.StringType(), with_nulls))
    session = spark.newSession()
    session.conf.set("spark.sql.parquet.writeLegacyFormat", "true")
    rows = [("a", "x", ["research"]), ("b", "y", []), ("c", "z", ["self_help", "research"])]
    session.createDataFrame(rows, schema).coalesce(1).write.parquet(str(tmp_path / "in"))
    part = next((tmp_path / "in").glob("part-*"))
    assert ("bag" if with_nulls else "repeated binary") in str(pq.read_metadata(part).schema)
    documents = read_corpus(spark, [str(tmp_path / "in")], {}, None).documents.orderBy("doc_id").collect()
    assert [row["consent"] for row in documents] == [row[2] for row in rows]
    assert [row["kept_out"] is None for row in documents] == [True, False, True]


def test_a_list_of_records_is_no_list_of_words(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({**THREE, "consent": [[{"use": "research"}]] * 3}), tmp_path / "a.parquet")
    with pytest.raises(
        CorpusError, match=r"'consent' \(consent\) is array<struct<use:string>>, expected array<string>"
    ):
        open_corpus(spark, tmp_path)


def test_names_of_our_own_are_the_corpus_own(spark: SparkSession, tmp_path: Path) -> None:
    table = {
        "source_row": ["a"],
        "_metadata": ["x"],
        "__file_path": ["ann"],
        "place": ["North"],
        "__file_number": ["s"],
    }
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    names: dict[str, Any] = {"doc_id": "source_row", "text": "_metadata", "author_id": "__file_path", "region": "place"}
    row = read(spark, tmp_path, **names, source="__file_number")[0]
    assert [row[name] for name in (*names, "source")] == ["a", "x", "ann", "North", "s"]
    assert (row["source_file"], row["source_row"]) == ("a.parquet", 0)


def test_folders_may_name_columns_at_different_depths(spark: SparkSession, tmp_path: Path) -> None:
    for number, folder in enumerate(["year=2025/month=12", "year=2026", "region=North/year=2026", "."]):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"doc_id": [str(number)], "text": ["x"]}), tmp_path / folder / "a.parquet")
    rows = read(spark, tmp_path)
    assert [row["region"] for row in rows] == [None, None, "North", None]
    rows = read(spark, tmp_path, source="year")
    assert [(row["region"], row["source"]) for row in rows] == [
        (None, "2025"),
        (None, "2026"),
        ("North", "2026"),
        (None, None),
    ]


@pytest.mark.parametrize("name", ["res[1] {a,b}", "2026-03-01T10:00", "res[1] {a,b}:2", "a%20b#c?d*", "ü ñ \\"])
def test_files_and_folders_may_have_any_name(spark: SparkSession, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for number in range(3):
        pq.write_table(pa.table({"doc_id": [str(number)], "text": ["x"]}), folder / f"{name}{number}.parquet")
    (folder / "loop").symlink_to(".")
    assert [row["source_file"] for row in read(spark, folder)] == [f"{name}{number}.parquet" for number in range(3)]
    one = read(spark, folder / f"{name}1.parquet")
    assert [(row["doc_id"], row["source_file"]) for row in one] == [("1", f"{name}1.parquet")]


def test_an_input_may_be_named_from_where_one_is(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table(THREE), tmp_path / "2026-03-01T10:00.parquet")
    monkeypatch.chdir(tmp_path)
    assert len(read(spark, Path("2026-03-01T10:00.parquet"))) == 3
    assert open_corpus(spark, Path(f"file://{tmp_path}/2026-03-01T10:00.parquet")).rows == 3


def test_links_are_followed_once_and_named_where_they_lead_nowhere(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table(THREE), tmp_path / "a.parquet")
    (tmp_path / "again.parquet").symlink_to("a.parquet")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "gone.parquet").symlink_to("nowhere.parquet")
    with pytest.raises(CorpusError, match=r"1 of 2 files.*\n  - .*gone\.parquet: it is a link to what is not there"):
        open_corpus(spark, tmp_path)
    assert len(read(spark, tmp_path, bad=1)) == 3


def test_a_checksum_of_an_earlier_file_is_not_believed(spark: SparkSession, tmp_path: Path) -> None:
    frame = spark.createDataFrame([("old", "x")], "doc_id string, text string")
    frame.coalesce(1).write.parquet(str(tmp_path / "in"))
    part = next((tmp_path / "in").glob("part-*"))
    assert part.with_name(f".{part.name}.crc").exists()
    pl.DataFrame({"doc_id": ["new"], "text": ["y"]}).write_parquet(part)
    assert texts(read(spark, tmp_path / "in")) == [("new", "y")]


@pytest.mark.parametrize("codec", ["snappy", "gzip", "zstd", "lz4", "none"])
def test_codecs_that_spark_has_are_read(spark: SparkSession, tmp_path: Path, codec: str) -> None:
    pq.write_table(pa.table(THREE), tmp_path / "a.parquet", compression=codec)
    assert len(read(spark, tmp_path)) == 3


def test_a_codec_that_spark_lacks_is_named(spark: SparkSession, tmp_path: Path) -> None:
    duckdb.sql(f"copy (select 'a' as doc_id, 'x' as text) to '{tmp_path}/a.parquet' (format parquet, codec brotli)")
    pq.write_table(pa.table(THREE), tmp_path / "b.parquet", compression={"doc_id": "snappy", "text": "zstd"})
    with pytest.raises(CorpusError, match=r"a\.parquet: it is compressed by brotli, for which Spark has no code here"):
        open_corpus(spark, tmp_path)
    assert len(read(spark, tmp_path, bad=1)) == 3


def test_summaries_of_a_folder_are_no_data(spark: SparkSession, tmp_path: Path) -> None:
    collected: list[Any] = []
    table = pa.table(THREE)
    pq.write_to_dataset(table, tmp_path, metadata_collector=collected)
    pq.write_metadata(table.schema, tmp_path / "_metadata", collected)
    assert len(read(spark, tmp_path)) == 3


def test_only_what_a_streaming_job_has_committed_is_read(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table(THREE), tmp_path / "whole.parquet")
    pq.write_table(pa.table(THREE), tmp_path / "torn.parquet")
    (tmp_path / "_spark_metadata").mkdir()
    entry = (
        f'{{"path":"file://{tmp_path}/whole.parquet","size":1,"isDir":false,"modificationTime":1,"blockReplication":1,'
    )
    (tmp_path / "_spark_metadata" / "0").write_text(f'v1\n{entry}"blockSize":1,"action":"add"}}\n')
    assert {row["source_file"] for row in read(spark, tmp_path)} == {"whole.parquet"}


def test_dates_of_other_writers_mean_the_same(spark: SparkSession, tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, 10, 15, 0, 123456, UTC)
    for unit in ("ms", "us", "ns"):
        dates = pl.Series([at], dtype=pl.Datetime(unit, "UTC")).dt.convert_time_zone("Asia/Kolkata")
        pl.DataFrame({"doc_id": [unit], "text": ["x"], "created_at": dates}).write_parquet(tmp_path / f"{unit}.parquet")
    for kind in ("timestamp_s", "timestamp_ms", "timestamp", "timestamp_ns"):
        select = f"select '{kind}' as doc_id, 'x' as text, '2026-03-01 10:15:00.123456'::{kind} as created_at"
        duckdb.sql(f"copy ({select}) to '{tmp_path}/{kind}.parquet' (format parquet)")
    table = pa.table({"doc_id": ["int96"], "text": ["x"], "created_at": pa.array([at], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "int96.parquet", use_deprecated_int96_timestamps=True)
    rows = open_corpus(spark, tmp_path).documents.selectExpr("doc_id", "cast(created_at as string)").collect()
    micros = "2026-03-01 10:15:00.123456"
    assert dict(map(tuple, rows)) == {
        **dict.fromkeys(["us", "ns", "timestamp", "timestamp_ns", "int96"], micros),
        **dict.fromkeys(["ms", "timestamp_ms"], micros[:-3]),
        "timestamp_s": micros[:-7],
    }


_IN_A_LOCALE_OF_ASCII = """
import sys
from mh_batch.corpus.reading import read_corpus
from mh_batch.spark.session import start_session
print(read_corpus(start_session("locale"), [sys.argv[1]], {}, "made up").rows)
"""


def test_a_locale_that_lacks_a_names_letters_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table(THREE), tmp_path / "Münster.parquet")
    command = [sys.executable, "-c", _IN_A_LOCALE_OF_ASCII, str(tmp_path / "Münster.parquet")]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME", "PYTHONPATH") if name in os.environ}
    environment = {**kept, "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=300)
    assert "set LC_ALL=C.UTF-8" in done.stderr
    assert "CorpusError" in done.stderr


def test_what_fastparquet_writes_is_read_as_it_reads_it(spark: SparkSession, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "doc_id": ["a", "b", "c"],
            "text": ["x", "ü 😀", None],
            "created_at": pd.to_datetime(
                pd.Series(["2026-03-01", "2026-03-02T10:00:00.123456", None]), format="ISO8601", utc=True
            ),
            "region": pd.Categorical(["North", "South", None]),
            "author_id": pd.array([1, None, 3], dtype="Int64"),
            "took": pd.to_timedelta([1, 2, 3], unit="s"),
            "source": ["p", "q", "p"],
        }
    )
    fastparquet.write(str(tmp_path / "plain.parquet"), frame)
    fastparquet.write(str(tmp_path / "int96.parquet"), frame, compression="GZIP", times="int96")
    fastparquet.write(str(tmp_path / "parts"), frame, file_scheme="hive", partition_on=["source"])
    for name in ("plain.parquet", "int96.parquet", "parts"):
        expected = fastparquet.ParquetFile(str(tmp_path / name)).to_pandas().sort_values("doc_id")
        rows = read(spark, tmp_path / name)
        assert texts(rows) == list(zip(expected["doc_id"], expected["text"], strict=True)), name
        assert [row["region"] for row in rows] == ["North", "South", None], name
        assert [row["author_id"] for row in rows] == ["1", None, "3"], name
        assert [row["source"] for row in rows] == ["p", "q", "p"], name
        stamps = [stamp if stamp is pd.NaT else stamp.to_pydatetime() for stamp in expected["created_at"]]
        found = [row["created_at"] and row["created_at"].replace(tzinfo=UTC) for row in rows]
        assert found == [None if stamp is pd.NaT else stamp for stamp in stamps], name

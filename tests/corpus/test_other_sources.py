"""CSV, JSON Lines, ORC, Spark's catalog and any other source hold what their writers put there."""

import bz2
import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import orc
from pyspark.sql import SparkSession, functions as F

from mh_batch.consent import ConsentRule
from mh_batch.corpus import Corpus, examine, read_corpus, texts_of
from mh_batch.errors import CorpusError, UsageError
from mh_batch.pseudonyms import PseudonymKey
from mh_batch.sources import Input, parse_input

pytestmark = pytest.mark.spark

NOT_LISTED = ConsentRule.NOT_LISTED.value

# Texts as people write them: quotes, separators, line breaks, other scripts, a leading zero in an id.
HARD: dict[str, list[Any]] = {
    "doc_id": ["007", "8", "9", "1e3"],
    "text": ['He said "no", then;\nleft', "日本語, ünï 😀", " spaces ", "=SUM(A1)\\ \\n"],
    "consent": [["research"], ["self_help"], None, ["research", "self_help"]],
}


def read(spark: SparkSession, *inputs: str | Input, bad: int = 0, **columns: str) -> list[dict[str, Any]]:
    corpus = open_corpus(spark, *inputs, bad=bad, **columns)
    rows = [row.asDict() for row in corpus.documents.orderBy("source_file", "doc_id").collect()]
    assert len(rows) == corpus.rows
    assert len({row["place"] for row in rows}) == len(rows)
    return rows


def open_corpus(spark: SparkSession, *inputs: str | Input, bad: int = 0, **columns: str) -> Corpus:
    return read_corpus(spark, list(inputs), columns, "made up", bad)


def texts(rows: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    return [(row["doc_id"], row["text"]) for row in rows]


def write_csv(path: Path, rows: list[list[str]], **how: Any) -> Path:
    with path.open("w", newline="", encoding=how.pop("encoding", "utf-8")) as stream:
        csv.writer(stream, **how).writerows(rows)
    return path


def hard() -> list[tuple[str | None, str | None]]:
    return sorted(zip(HARD["doc_id"], HARD["text"], strict=True), key=lambda row: str(row[0]))


def test_json_lines_hold_what_their_writers_put_there(spark: SparkSession, tmp_path: Path) -> None:
    pl.DataFrame(HARD).write_ndjson(tmp_path / "polars.jsonl")
    pd.DataFrame(HARD).to_json(tmp_path / "pandas.ndjson", orient="records", lines=True)
    duckdb.from_arrow(pa.table(HARD)).query("t", f"copy t to '{tmp_path}/duckdb.json' (format json)")
    lines = "\n".join(json.dumps(dict(zip(HARD, row, strict=True))) for row in zip(*HARD.values(), strict=True))
    (tmp_path / "python.jsonl.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines.encode() + b"\r\n\r\n"))
    for file in sorted(tmp_path.iterdir()):
        rows = read(spark, str(file))
        assert texts(rows) == hard(), file
        assert [row["kept_out"] for row in rows] == [None, None, NOT_LISTED, NOT_LISTED], file
        assert {row["source_file"] for row in rows} == {file.name}
    assert len(read(spark, f"jsonl:{tmp_path}")) == 16


def test_csv_holds_what_its_writers_put_there(spark: SparkSession, tmp_path: Path) -> None:
    flat = {**HARD, "consent": ["research", "self_help", None, "research; self_help"]}
    pl.DataFrame(flat).write_csv(tmp_path / "polars.csv")
    pd.DataFrame(flat).to_csv(tmp_path / "pandas.csv.gz", index=False)
    duckdb.from_arrow(pa.table(flat)).query("t", f"copy t to '{tmp_path}/duckdb.csv' (header)")
    rows = [list(flat), *[[value or "" for value in row] for row in zip(*flat.values(), strict=True)]]
    write_csv(tmp_path / "bom.csv", rows, encoding="utf-8-sig", lineterminator="\r\n")
    write_csv(tmp_path / "tabs.tsv", rows, delimiter="\t", quoting=csv.QUOTE_ALL)
    (tmp_path / "turned.csv.bz2").write_bytes(
        bz2.compress(pd.DataFrame(flat)[["text", "consent", "doc_id"]].to_csv(index=False).encode())
    )
    for file in sorted(tmp_path.iterdir()):
        found = read(spark, str(file))
        assert texts(found) == hard(), file
        assert [row["kept_out"] for row in found] == [None, None, NOT_LISTED, NOT_LISTED], file
    (tmp_path / "tabs.tsv").unlink()
    assert len(read(spark, f"csv:{tmp_path}")) == 20


def test_files_of_one_folder_are_read_each_by_its_own_header(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "region=North").mkdir()
    write_csv(tmp_path / "region=North" / "a.csv", [["doc_id", "text"], ["a", "x"]])
    write_csv(tmp_path / "b.csv", [["text", "doc_id", "region"], ["y", "b", "South"]])
    write_csv(tmp_path / "c.csv", [["doc_id", "text", "likes", "likes"], ["c", "z", "1", "2"]])
    rows = read(spark, f"csv:{tmp_path}")
    assert [(row["doc_id"], row["text"], row["region"]) for row in rows] == [
        ("a", "x", "North"),
        ("b", "y", "South"),
        ("c", "z", None),
    ]


@pytest.mark.parametrize("encoding", ["latin1", "windows-1252", "utf-16"])
def test_other_separators_and_encodings_are_options(spark: SparkSession, tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path / "a.csv", [["doc_id", "text"], ["ä", "grün, blau"]], delimiter=";", encoding=encoding)
    named = parse_input(str(path), None, {"sep": ";", "encoding": encoding})
    assert texts(read(spark, named)) == [("ä", "grün, blau")]
    assert texts(read(spark, parse_input(str(tmp_path), "csv", named.options))) == [("ä", "grün, blau")]


def examined(spark: SparkSession, corpus: Corpus) -> dict[str | None, str | None]:
    rows = examine(corpus.documents, PseudonymKey((b"k" * 32,)), ("en", "de"), 1000).collect()
    assert len(rows) == corpus.rows
    return {row["detail"] if row["doc_id"] is None else row["doc_id"]: row["reason"] for row in rows}


def test_what_is_no_record_is_rejected_with_a_reason(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'doc_id,text\na,x\nb\nc,y,z\nd,gr\xfcn\n"e","two\nlines"\n')
    assert examined(spark, open_corpus(spark, str(tmp_path / "a.csv"))) == {
        "a": None,
        "b": "malformed_record",
        "c": "malformed_record",
        "d": "undecodable_text",
        "e": None,
    }
    lines = [
        '{"doc_id": "a", "text": "x"}',
        '{"doc_id": "b", "te',
        "[1]",
        "",
        '{"doc_id": "c", "text": "z"}{"doc_id": "d", "text": "z"}',
        '{"doc_id": "n", "text": "y: NaN", "likes": NaN}',
        '{"doc_id": 3, "text": "}{"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    reasons = examined(spark, open_corpus(spark, str(tmp_path / "a.jsonl")))
    assert [reasons.pop(doc_id) for doc_id in ("a", "n", "3")] == [None, None, None]
    assert reasons["c"] == "malformed_record", "two objects, of which Spark would read one"
    assert set(reasons.values()) == {"malformed_record"}


def test_files_that_cannot_be_read_are_bad_files_by_name(spark: SparkSession, tmp_path: Path) -> None:
    write_csv(tmp_path / "good.csv", [["doc_id", "text"], ["a", "x"]])
    write_csv(tmp_path / "other.csv", [["id", "body"], ["a", "x"]])
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "torn.csv.gz").write_bytes(gzip.compress(b"doc_id,text\na,x\n" * 99)[:20])
    (tmp_path / "packed.csv.zst").write_bytes(b"")
    (tmp_path / "latin.csv").write_bytes("doc_id,text,größe\n".encode("latin1"))
    with pytest.raises(CorpusError) as error:
        open_corpus(spark, f"csv:{tmp_path}")
    said = str(error.value)
    for name, cause in {
        "other.csv": "it has no column 'doc_id'",
        "empty.csv": "it is empty",
        "packed.csv.zst": "it is compressed by Zstandard, which Spark reads inside Parquet only",
        "torn.csv.gz": "it is damaged or no CSV file",
        "latin.csv": "its first line is not in utf-8: name its encoding with --option encoding=...",
    }.items():
        assert f"{name}: {cause}" in said
    assert texts(read(spark, f"csv:{tmp_path}", bad=5)) == [("a", "x")]


def test_a_first_line_that_may_be_a_text_is_not_told(spark: SparkSession, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [["1", "nobody may know this"], ["2", "nor this"]])
    with pytest.raises(CorpusError) as error:
        open_corpus(spark, str(tmp_path / "a.csv"))
    assert "a.csv: it has no column 'doc_id': its first line may be no header" in str(error.value)
    assert "nobody" not in str(error.value)


def test_a_column_of_another_type_is_told_by_name(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"doc_id": "a", "text": {"body": "x"}}\n')
    with pytest.raises(CorpusError, match=r"a.jsonl: column 'text' \(text\) is struct<body:string>, expected string"):
        open_corpus(spark, str(tmp_path / "a.jsonl"))


def test_orc_is_read_by_its_format(spark: SparkSession, tmp_path: Path) -> None:
    orc.write_table(pa.table({"id": [1, 2], "body": ["x", None]}), tmp_path / "a.orc")
    named = parse_input(str(tmp_path), "orc")
    assert texts(read(spark, named, doc_id="id", text="body")) == [("1", "x"), ("2", None)]


@pytest.fixture
def view(spark: SparkSession) -> Iterator[str]:
    spark.createDataFrame(
        [("a", "x", 1, ["research"]), ("b", "y", 2, None)],
        "doc_id string, Text string, likes int, consent array<string>",
    ).createOrReplaceTempView("corpus_of_tests")
    yield "corpus_of_tests"
    spark.catalog.dropTempView("corpus_of_tests")


def test_tables_of_sparks_catalog_are_read_by_name(spark: SparkSession, view: str) -> None:
    rows = read(spark, f"table:{view}", text="Text", author_id="likes")
    assert texts(rows) == [("a", "x"), ("b", "y")]
    assert [(row["author_id"], row["kept_out"]) for row in rows] == [("1", None), ("2", NOT_LISTED)]
    with pytest.raises(CorpusError, match="table:corpus_of_tests: it has no column 'text'"):
        open_corpus(spark, f"table:{view}")
    with pytest.raises(CorpusError, match=r"table:db\.gone cannot be read: Spark's catalog has no such table"):
        open_corpus(spark, "table:db.gone")


def test_any_source_that_spark_knows_is_read_by_format_and_options(spark: SparkSession, tmp_path: Path) -> None:
    spark.range(3).selectExpr("concat('d', id) as doc_id", "concat('text ', id) as text").write.format("xml").option(
        "rowTag", "post"
    ).save(str(tmp_path / "posts"))
    named = parse_input(str(tmp_path / "posts"), "xml", {"rowTag": "post"})
    assert texts(read(spark, named)) == [("d0", "text 0"), ("d1", "text 1"), ("d2", "text 2")]
    with pytest.raises(CorpusError, match="nosuch cannot be read: Spark has no code for this format"):
        open_corpus(spark, parse_input("", "nosuch", {"password": "hush"}))


def test_texts_are_found_again_by_what_they_say(spark: SparkSession, tmp_path: Path) -> None:
    """Where rows have no position; others beside them go by theirs."""
    key = PseudonymKey((b"k" * 32,))
    write_csv(tmp_path / "a.csv", [["doc_id", "text"], ["a", "x"], ["b", "y"], ["c", "x"], ["d", "both"]])
    pl.DataFrame({"doc_id": ["e", "f"], "text": ["both", "z"]}).write_parquet(tmp_path / "a.parquet")
    corpus = open_corpus(spark, str(tmp_path / "a.csv"), str(tmp_path / "a.parquet"))
    documents = examine(corpus.documents, key, ("en", "de"), 1000)
    wanted = documents.groupBy("content_key").agg(F.min("place").alias("place"), F.max("n_chars").alias("n_chars"))
    found = texts_of(corpus, wanted, key).collect()
    assert sorted(row["text"] for row in found) == ["both", "x", "y", "z"]
    texts = documents.join(corpus.documents.select("doc_id", "text"), "doc_id").collect()
    assert {row["text"]: row["content_key"] for row in found} == {row["text"]: row["content_key"] for row in texts}


@pytest.mark.parametrize(
    ("given", "format", "location", "version"),
    [
        ("texts", "parquet", "texts", None),
        ("a/2026-03-01T10:00.parquet", "parquet", "a/2026-03-01T10:00.parquet", None),
        ("s3a://lake/texts", "parquet", "s3a://lake/texts", None),
        ("delta:s3a://lake/texts@v12", "delta", "s3a://lake/texts", 12),
        ("delta:/a@b/texts", "delta", "/a@b/texts", None),
        ("iceberg:lake.db.texts@77", "iceberg", "lake.db.texts", 77),
        ("table:db.texts", "table", "db.texts", None),
        ("posts.jsonl.gz", "json", "posts.jsonl.gz", None),
        ("jsonl:posts", "json", "posts", None),
        ("POSTS.CSV", "csv", "POSTS.CSV", None),
        ("parquet:odd.csv", "parquet", "odd.csv", None),
    ],
)
def test_an_input_says_what_it_is(given: str, format: str, location: str, version: int | None) -> None:
    named = parse_input(given)
    assert (named.format, named.location, named.version) == (format, location, version)


def test_an_input_that_names_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="names nothing"):
        parse_input("delta: ")
    with pytest.raises(UsageError, match="--input delta:texts"):
        parse_input("texts", "delta")


def test_lines_of_one_file_may_end_in_different_ways(spark: SparkSession, tmp_path: Path) -> None:
    """As they do where files of different systems were put one after the other."""
    (tmp_path / "lf.csv").write_bytes(b'doc_id,text\n1,a\r\n2,"b\r\n"\r\n3,c\n')
    (tmp_path / "crlf.csv").write_bytes(b'doc_id,text\r\n4,d\n5,"e ""E"""\r\n6,f\n')
    expected = [("4", "d"), ("5", 'e "E"'), ("6", "f"), ("1", "a"), ("2", "b\r\n"), ("3", "c")]
    assert texts(read(spark, f"csv:{tmp_path}")) == expected


def test_a_file_whose_lines_end_as_no_line_does_is_a_bad_file(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "mac.csv").write_bytes(b"doc_id,text\r1,a\r2,b\r")
    with pytest.raises(CorpusError, match=r"mac\.csv: its lines end in CR alone"):
        read(spark, str(tmp_path / "mac.csv"))


def test_a_line_of_separators_is_a_header_as_it_is_for_spark(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(",\ndoc_id,text\n1,a\n")
    with pytest.raises(CorpusError, match=r"sheet\.csv: it has no column 'doc_id': its first line may be no header"):
        read(spark, str(tmp_path / "sheet.csv"))


def test_formats_go_by_their_names_in_capitals_too(spark: SparkSession, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "export", [["doc_id", "text"], ["1", "two\nlines"]])
    assert texts(read(spark, parse_input(str(path), "CSV", {"header": "true"}))) == [("1", "two\nlines")]


@pytest.mark.parametrize("option", [{"sep": "||"}, {"quote": ""}])
def test_options_that_the_first_line_cannot_be_read_by_are_refused(
    spark: SparkSession, tmp_path: Path, option: dict[str, str]
) -> None:
    path = write_csv(tmp_path / "export", [["doc_id", "text"], ["1", "a"]])
    with pytest.raises(UsageError, match="one character each"):
        read(spark, parse_input(str(path), "csv", option))

"""Delta tables hold what `deltalake` itself reads in them."""

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyroaring
import pytest
from deltalake import DeltaTable, Field, Schema, write_deltalake
from deltalake.schema import PrimitiveType
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.corpus import Corpus, read_corpus
from mh_batch.errors import CorpusError
from mh_batch.sources import TableVersion, delta, parse_input, read_snapshot

pytestmark = pytest.mark.spark

Rows = list[tuple[Any, ...]]
COLUMNS = ("doc_id", "text", "region")


def texts(*ids: str, region: str | None = "North", **more: Any) -> pa.Table:
    values = {"doc_id": list(ids), "text": [f"text of {id}" for id in ids], **more}
    return pa.table({**values, "region": pa.array([region] * len(ids), pa.string())})


def as_delta_says(path: Path, version: int | None = None, columns: tuple[str, ...] = COLUMNS) -> Rows:
    table = pa.table(DeltaTable(path, version=version).to_pyarrow_table())
    return rows_of(table.to_pylist(), columns)


def as_we_read(corpus: Corpus, columns: tuple[str, ...] = COLUMNS) -> Rows:
    rows = [row.asDict() for row in corpus.documents.collect()]
    assert len(rows) == corpus.rows
    assert len({row["place"] for row in rows}) == len(rows)
    return rows_of(rows, columns)


def rows_of(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Rows:
    return sorted((tuple(row[name] for name in columns) for row in rows), key=str)


def open_table(spark: SparkSession, path: object, *args: Any, **kwargs: Any) -> Corpus:
    return read_corpus(spark, [f"delta:{path}"], {}, "made up", *args, **kwargs)


def delete(path: Path) -> None:
    DeltaTable(path).delete("doc_id = 'a'")


def update(path: Path) -> None:
    DeltaTable(path).update(updates={"text": "'other'"}, predicate="doc_id = 'b'")


def merge(path: Path) -> None:
    source = texts("b", "n", region="South")
    into = DeltaTable(path).merge(source, "t.doc_id = s.doc_id", source_alias="s", target_alias="t")
    into.when_matched_update_all().when_not_matched_insert_all().execute()


def overwrite(path: Path) -> None:
    write_deltalake(path, texts("x", "y"), mode="overwrite")


def overwrite_a_part(path: Path) -> None:
    write_deltalake(path, texts("x", region="South"), mode="overwrite", predicate="region = 'South'")


def partition_otherwise(path: Path) -> None:
    days = texts("p", "q", day=["1", None])
    write_deltalake(path, days, mode="overwrite", schema_mode="overwrite", partition_by=["day", "region"])


def evolve(path: Path) -> None:
    table = pa.table({"text": ["late"], "doc_id": ["l"], "language": ["de"]})
    write_deltalake(path, table, mode="append", schema_mode="merge")


def compact(path: Path) -> None:
    write_deltalake(path, texts("k"), mode="append")
    DeltaTable(path).optimize.compact()


def restore(path: Path) -> None:
    DeltaTable(path).delete()
    DeltaTable(path).restore(1)


CHANGES = [delete, update, merge, overwrite, overwrite_a_part, partition_otherwise, evolve, compact, restore]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "the texts, 1=2"
    write_deltalake(path, texts("a", "b", "c"), partition_by=["region"])
    write_deltalake(path, texts("d", "e", region="Süd / West=%"), mode="append")
    write_deltalake(path, texts("f", region=None), mode="append")
    write_deltalake(path, texts("g", region="South"), mode="append")
    return path


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_table_holds_what_delta_says_at_every_version(
    spark: SparkSession, table: Path, change: Callable[[Path], None]
) -> None:
    change(table)
    last = DeltaTable(table).version()
    corpus = open_table(spark, table)
    assert as_we_read(corpus) == as_delta_says(table)
    assert corpus.versions()[f"delta:{table}"].version == last
    assert as_we_read(open_table(spark, f"{table}@v3")) == as_delta_says(table, 3)


def test_a_version_that_was_pinned_is_read_whatever_came_later(spark: SparkSession, table: Path) -> None:
    corpus, expected = open_table(spark, table), as_delta_says(table)
    overwrite(table)
    assert as_we_read(open_table(spark, table, versions=corpus.versions())) == expected
    assert as_we_read(corpus) == expected  # Delta keeps the files until they are vacuumed


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_is_new_since_a_version_is_what_its_rows_do_not_hold(
    spark: SparkSession, table: Path, change: Callable[[Path], None]
) -> None:
    since, before = read_snapshot(parse_input(f"delta:{table}")).version, as_delta_says(table)
    change(table)
    expected = as_delta_says(table)
    for row in before:
        if row in expected:
            expected.remove(row)
    corpus = open_table(spark, table, since=[since])
    assert as_we_read(corpus) == expected
    assert corpus.since() == [since]


def test_of_a_growing_table_only_the_new_files_are_read(spark: SparkSession, table: Path) -> None:
    since = read_snapshot(parse_input(f"delta:{table}")).version
    write_deltalake(table, texts("h", "i"), mode="append")
    corpus = open_table(spark, table, since=[since])
    assert as_we_read(corpus) == rows_of(texts("h", "i").to_pylist(), COLUMNS)
    assert len(corpus.files) == 1
    [read] = corpus.tables
    assert str(read) == f"delta:{table}: version 4, what is new since version 3, in 1 file"


def test_without_a_new_version_nothing_is_read(spark: SparkSession, table: Path) -> None:
    since = read_snapshot(parse_input(f"delta:{table}")).version
    assert as_we_read(open_table(spark, table, since=[since])) == []


def test_equal_rows_are_new_as_often_as_there_are_more_of_them(spark: SparkSession, tmp_path: Path) -> None:
    write_deltalake(tmp_path / "t", texts("a", "a", "b"))
    since = read_snapshot(parse_input(f"delta:{tmp_path / 't'}")).version
    write_deltalake(tmp_path / "t", texts("a", "a", "a", "b"), mode="overwrite")
    corpus = open_table(spark, tmp_path / "t", since=[since])
    assert [row[0] for row in as_we_read(corpus)] == ["a"]


def test_another_table_in_its_place_is_read_whole(spark: SparkSession, table: Path) -> None:
    corpus = open_table(spark, table, since=[TableVersion("another", 1)])
    assert len(as_we_read(corpus)) == 7
    assert not corpus.since()


def test_rows_that_cannot_be_told_from_old_ones_are_refused(spark: SparkSession, table: Path) -> None:
    since = read_snapshot(parse_input(f"delta:{table}")).version
    update(table)
    DeltaTable(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(CorpusError, match=r"which rows are new since version 3 cannot be told.*--table-rows all"):
        open_table(spark, table, since=[since])


def test_columns_go_by_the_tables_names_whatever_the_files_call_them(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    fields = [Field(name, PrimitiveType("string")) for name in ("doc_id", "text", "region")]
    mapping = {"delta.columnMapping.mode": "name", "delta.minReaderVersion": "2", "delta.minWriterVersion": "5"}
    DeltaTable.create(path, schema=Schema(fields), configuration=mapping, partition_by=["region"])
    write_deltalake(path, texts("a", "b"), mode="append")
    write_deltalake(path, texts("c", region=None), mode="append")
    assert "doc_id" not in pa.parquet.read_schema(next(path.rglob("*.parquet"))).names
    assert as_we_read(open_table(spark, path)) == rows_of(
        [*texts("a", "b").to_pylist(), *texts("c", region=None).to_pylist()], COLUMNS
    )


def with_deletion_vector(path: Path, deleted: list[int]) -> None:
    """Delete rows of the table's first file as Databricks and Spark do: by their positions, in the log."""
    numbers = pyroaring.BitMap(deleted).serialize()
    bitmap = struct.pack("<iqi", 1681511377, 1, 0) + numbers
    padded = bitmap + b"\0" * (-len(bitmap) % 4)
    vector = {
        "storageType": "i",
        "pathOrInlineDv": _z85(padded),
        "sizeInBytes": len(bitmap),
        "cardinality": len(deleted),
    }
    log = path / "_delta_log"
    lines = [json.loads(line) for line in (log / f"{0:020}.json").read_text().splitlines()]
    add = next(line["add"] for line in lines if "add" in line)
    remove = {"path": add["path"], "deletionTimestamp": 1, "dataChange": True}
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    changes = [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}},
        {"remove": remove},
        {"add": {**add, "deletionVector": vector}},
    ]
    version = DeltaTable(path).version() + 1
    (log / f"{version:020}.json").write_text("\n".join(map(json.dumps, changes)))


def _z85(data: bytes) -> str:
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    standard = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    return base64.b85encode(data).translate(bytes.maketrans(standard, letters.encode())).decode()


def test_rows_that_a_deletion_vector_names_are_not_read(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_deltalake(path, texts("a", "b", "c", "d"))
    write_deltalake(path, texts("e"), mode="append")
    since = read_snapshot(parse_input(f"delta:{path}")).version
    with_deletion_vector(path, [0, 2])
    assert [row[0] for row in as_we_read(open_table(spark, path))] == ["b", "d", "e"]
    assert as_we_read(open_table(spark, path, since=[since])) == []


def test_what_is_no_table_or_no_version_of_it_is_named(spark: SparkSession, tmp_path: Path, table: Path) -> None:
    with pytest.raises(CorpusError, match=f"delta:{tmp_path} is no Delta table"):
        open_table(spark, tmp_path)
    with pytest.raises(CorpusError, match="cannot be read as a Delta table at version 99"):
        open_table(spark, f"{table}@v99")


def test_a_data_file_that_is_gone_is_a_bad_file(spark: SparkSession, table: Path) -> None:
    next(table.glob("region=South/*.parquet")).unlink()
    with pytest.raises(CorpusError, match=r"1 of 4 files cannot be used:\n.*region=South.*: it vanished"):
        open_table(spark, table)
    assert len(as_we_read(open_table(spark, table, 1))) == 6


def test_a_table_and_its_files_are_not_read_both(spark: SparkSession, table: Path) -> None:
    assert len(as_we_read(read_corpus(spark, [f"delta:{table}"] * 2, {}, "made up"))) == 7
    with pytest.raises(CorpusError, match="has files of another input"):
        read_corpus(spark, [f"delta:{table}", f"delta:{table}@v3"], {}, "made up")


def test_an_empty_table_has_no_rows(spark: SparkSession, tmp_path: Path) -> None:
    DeltaTable.create(tmp_path / "t", schema=Schema([Field(name, PrimitiveType("string")) for name in COLUMNS]))
    assert as_we_read(open_table(spark, tmp_path / "t")) == []


def test_a_value_that_moves_to_another_column_is_news(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_deltalake(path, texts("a", region=None, source=["North"]))
    since = read_snapshot(parse_input(f"delta:{path}")).version
    write_deltalake(path, texts("a", region="North", source=pa.nulls(1, pa.string())), mode="overwrite")
    corpus = open_table(spark, path, since=[since])
    assert as_we_read(corpus) == rows_of(texts("a").to_pylist(), COLUMNS)


def test_a_file_that_could_not_be_read_is_read_once_it_can_be(spark: SparkSession, table: Path) -> None:
    file = next(table.glob("region=South/*.parquet"))
    content = file.read_bytes()
    file.unlink()
    first = [*open_table(spark, table, 1).versions().values()]
    assert as_we_read(open_table(spark, table, 1, since=first)) == []
    file.write_bytes(content)
    assert [row[0] for row in as_we_read(open_table(spark, table, since=first))] == ["g"]
    [read] = open_table(spark, table, since=first).tables
    assert read.version.unread == ()


def test_deleted_rows_are_found_by_the_uris_of_object_stores() -> None:
    root, name = Folder("gs://bucket/the texts"), "region=S%C3%BCd %25/a.parquet"
    uri = "gs://bucket/the%20texts/region%3DS%25C3%25BCd%20%2525/a.parquet"
    kept = pa.array([[True, False]], pa.list_(pa.bool_()))

    class Table:
        def deletion_vectors(self) -> pa.RecordBatchReader:
            return pa.table({"filepath": [uri], "selection_vector": kept}).to_reader()

    file = delta._file(root, {"path": quote(name)}, {}, delta._deleted(Table()))  # type: ignore[arg-type]
    assert file.location == f"gs://bucket/the texts/{name}"
    assert file.deleted.tolist() == [1]


def test_of_a_damaged_log_neither_values_nor_a_stack_are_shown(spark: SparkSession, table: Path) -> None:
    log = table / "_delta_log" / f"{0:020}.json"
    log.write_text(log.read_text().replace('\\"numRecords\\":3', '\\"numRecords\\":\\"I cannot sleep\\"'))
    with pytest.raises(CorpusError, match=r"its log is damaged$") as raised:
        open_table(spark, table)
    assert "sleep" not in str(raised.value)

"""Iceberg tables hold what `pyiceberg` itself reads in them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import Table
from pyiceberg.table.update.snapshot import _FastAppendFiles
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import DateType, LongType, StringType
from pyiceberg.utils.config import Config
from pyspark.sql import SparkSession

from mh_batch.corpus import Corpus, read_corpus
from mh_batch.errors import CorpusError
from mh_batch.sources import TableVersion, parse_input, read_snapshot
from tests.sources.test_delta import Rows, rows_of, texts

pytestmark = pytest.mark.spark

NAME = "iceberg:lake.corpora.texts"


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    settings = {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"file://{tmp_path}/the lake"}
    for name, value in settings.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__LAKE__{name.upper()}", value)
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it was read when the module was imported
    catalog = load_catalog("lake", **settings)
    catalog.create_namespace("corpora")
    yield catalog
    catalog.close()


@pytest.fixture
def table(catalog: Catalog) -> Table:
    table = catalog.create_table("corpora.texts", schema=texts("a").schema)
    table.append(texts("a", "b", "c"))
    table.append(texts("d", "e", region="Süd / West=%"))
    table.append(texts("f", region=None))
    return table


def as_iceberg_says(table: Table, snapshot: int | None = None, names: dict[str, str] | None = None) -> Rows:
    table.refresh()
    rows = table.scan(snapshot_id=snapshot).to_arrow().to_pylist()
    names = names or {}
    return rows_of(rows, tuple(names.get(name, name) for name in ("doc_id", "text", "region")))


def as_we_read(corpus: Corpus) -> Rows:
    rows = [row.asDict() for row in corpus.documents.collect()]
    assert len(rows) == corpus.rows
    return rows_of(rows, ("doc_id", "text", "region"))


def open_table(spark: SparkSession, name: str = NAME, columns: dict[str, str] | None = None, **kwargs: Any) -> Corpus:
    return read_corpus(spark, [name], columns or {}, "made up", **kwargs)


def delete(table: Table) -> None:
    table.delete("doc_id == 'a'")


def overwrite(table: Table) -> None:
    table.overwrite(texts("x", "b"), overwrite_filter="region == 'North'")


def upsert(table: Table) -> None:
    table.upsert(texts("b", "n", region="South"), join_cols=["doc_id"])


def evolve(table: Table) -> None:
    """Text and region change their names, so that those of older files mean the other."""
    with table.update_schema() as change:
        change.add_column("likes", LongType())
        change.move_first("text")
    for old, new in (("text", "body"), ("region", "text"), ("body", "region")):
        with table.update_schema() as change:
            change.rename_column(old, new)
    table.append(texts("l", likes=[1]).select(["region", "doc_id", "text", "likes"]))


def drop_and_add(table: Table) -> None:
    with table.update_schema() as change:
        change.delete_column("region")
    with table.update_schema() as change:
        change.add_column("region", StringType())
    table.append(texts("r"))


def partition(table: Table) -> None:
    with table.update_schema() as change:
        change.add_column("day", DateType())
    with table.update_spec() as change:
        change.add_field("region", IdentityTransform(), "of_region")
        change.add_field("day", IdentityTransform(), "of_day")
    table.append(texts("p", "q", day=pa.array([1, 20000], pa.date32())))
    with table.update_spec() as change:
        change.remove_field("of_region")
    table.append(texts("s", region="South", day=pa.array([None], pa.date32())))


def add_files(table: Table) -> None:
    path = Path(table.location().removeprefix("file://")) / "left by another"
    path.mkdir()
    pq.write_table(texts("z"), path / "a.parquet")
    table.add_files([f"{path}/a.parquet"])


class _DeleteFiles(_FastAppendFiles):
    """A snapshot that appends files of deleted positions, which this library reads and does not write."""

    def _manifests(self) -> Any:
        from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus, write_manifest

        with write_manifest(
            2, UNPARTITIONED_PARTITION_SPEC, self.schema(), self.new_manifest_output(), self.snapshot_id, "null"
        ) as writer:
            setattr(writer, "content", lambda: ManifestContent.DELETES)  # noqa: B010 - it is a method
            for file in self._added_data_files:
                writer.add(
                    ManifestEntry.from_args(
                        status=ManifestEntryStatus.ADDED, snapshot_id=self.snapshot_id, data_file=file
                    )
                )
        return [writer.to_manifest_file(), *self._existing_manifests()]


def delete_positions(table: Table, content: DataFileContent = DataFileContent.POSITION_DELETES) -> None:
    """Delete as Spark and Flink do where rows are merged when they are read."""
    data = sorted(task.file.file_path for task in table.scan().plan_files() if task.file.record_count == 3)
    path = f"{table.location().removeprefix('file://')}/data/deletes.parquet"
    pq.write_table(pa.table({"file_path": data * 2, "pos": pa.array([0, 2], pa.int64())}), path)
    file = DataFile.from_args(
        content=content,
        equality_ids=[1],
        file_path=f"file://{path}",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=2,
        file_size_in_bytes=Path(path).stat().st_size,
    )
    file.spec_id = 0
    with table.transaction() as transaction:
        from pyiceberg.table.snapshots import Operation

        with _DeleteFiles(operation=Operation.APPEND, transaction=transaction, io=table.io) as snapshot:
            snapshot.append_data_file(file)


CHANGES = [delete, overwrite, upsert, evolve, drop_and_add, partition, add_files, delete_positions]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_table_holds_what_iceberg_says_now_before_and_since(
    spark: SparkSession, table: Table, change: Callable[[Table], None]
) -> None:
    since, before = read_snapshot(parse_input(NAME)).version, as_iceberg_says(table)
    change(table)
    now = as_iceberg_says(table)
    assert now != before
    corpus = open_table(spark)
    assert as_we_read(corpus) == now
    current = table.current_snapshot()
    assert current is not None
    assert corpus.versions() == {NAME: TableVersion(str(table.metadata.table_uuid), current.snapshot_id)}
    assert as_we_read(open_table(spark, f"{NAME}@{since.version}")) == before
    new, known = [*now], {row[0] for row in before}
    for row in before:
        if row in new:
            new.remove(row)
    if change in (evolve, drop_and_add):  # of rows in the same files other columns are asked for: no news
        new = [row for row in new if row[0] not in known]
    assert as_we_read(open_table(spark, since=[since])) == new


def test_a_table_is_named_by_its_metadata_too(spark: SparkSession, table: Table) -> None:
    delete(table)
    assert as_we_read(open_table(spark, f"iceberg:{table.metadata_location}")) == as_iceberg_says(table)


def test_of_a_growing_table_only_the_new_files_are_read(spark: SparkSession, table: Table) -> None:
    since = read_snapshot(parse_input(NAME)).version
    table.append(texts("h"))
    corpus = open_table(spark, since=[since])
    assert [row[0] for row in as_we_read(corpus)] == ["h"]
    assert len(corpus.files) == 1


def test_a_table_without_a_snapshot_has_no_rows(spark: SparkSession, catalog: Catalog) -> None:
    catalog.create_table("corpora.texts", schema=texts("a").schema)
    assert as_we_read(open_table(spark)) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("iceberg:lake.corpora.gone", "cannot be read as an Iceberg table: "),
        ("iceberg:lake", "names no table: iceberg:CATALOG.DATABASE.TABLE"),
        (f"{NAME}@7", "has no snapshot 7: it may have expired"),
    ],
)
def test_what_is_no_table_is_named(spark: SparkSession, table: Table, name: str, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        open_table(spark, name)


def test_rows_deleted_by_their_values_are_refused_not_read(spark: SparkSession, table: Table) -> None:
    delete_positions(table, DataFileContent.EQUALITY_DELETES)
    with pytest.raises(CorpusError, match=r"quality deletes.*rewrite_data_files"):
        open_table(spark)


def test_files_in_folders_of_partitions_are_found_by_any_value(spark: SparkSession, catalog: Catalog) -> None:
    table = catalog.create_table("corpora.texts", schema=texts("a").schema)
    with table.update_spec() as change:
        change.add_identity("region")
    table.append(texts("a", "b", region="Süd / West=%"))
    assert as_we_read(open_table(spark)) == as_iceberg_says(table)


def test_of_a_file_that_is_no_metadata_nothing_is_quoted(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "posts.metadata.json"
    path.write_text('{"text": "I cannot sleep"}')
    with pytest.raises(CorpusError, match="that is no metadata of one") as raised:
        open_table(spark, f"iceberg:{path}")
    assert "sleep" not in str(raised.value)

"""Iceberg tables, by the metadata that `pyiceberg` reads; their data files are read by Spark as any others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pydantic

from mh_batch.errors import CorpusError, UsageError
from mh_batch.sources.inputs import Input
from mh_batch.sources.snapshots import DataFile, Positions, TableColumn, TableSnapshot, TableVersion, file_uri

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile as IcebergFile
    from pyiceberg.schema import Schema
    from pyiceberg.table import FileScanTask, Table

_METADATA = ".metadata.json"

_REWRITE = (
    "; have Spark or Flink rewrite the table (rewrite_data_files), or read it with Spark's connector: "
    "table:CATALOG.DATABASE.TABLE"
)


def read_iceberg(named: Input, wanted: int | None) -> TableSnapshot:
    """Return a snapshot of an Iceberg table: of a catalog (`catalog.db.table`), or by its metadata file.

    Catalogs are configured as for all of pyiceberg: in `.pyiceberg.yaml`, or by `PYICEBERG_CATALOG__NAME__URI`.
    Errors as of `read_snapshot`.
    """
    try:
        import pyiceberg.exceptions  # noqa: F401 - to tell a missing package from what goes wrong with it
    except ImportError:
        raise UsageError(f"{named.given} needs a package for Iceberg tables: pip install 'mh-batch[iceberg]'") from None
    at = "" if wanted is None else f" at snapshot {wanted}"
    try:
        return _snapshot(named, _load(named), wanted)
    except CorpusError:
        raise
    # A catalog may raise whatever its client does; it tells of the table, never of its rows.
    except Exception as error:
        raise CorpusError(f"{named.given} cannot be read as an Iceberg table{at}: {_cause(error)}") from None


def _cause(error: Exception) -> str:
    # A file that is no metadata is quoted, and may be one of texts.
    if any(isinstance(one, pydantic.ValidationError) for one in (error, error.__cause__, error.__context__)):
        return "that is no metadata of one"
    cure = _REWRITE if "equality delete" in str(error).lower() else ""
    return f"{error}{cure}"


def _load(named: Input) -> Table:
    from pyiceberg.catalog import load_catalog
    from pyiceberg.table import StaticTable

    if named.location.endswith(_METADATA) or "/" in named.location:
        return StaticTable.from_metadata(named.location)
    catalog, _, table = named.location.partition(".")
    if not table:
        raise CorpusError(f"{named.given} names no table: iceberg:CATALOG.DATABASE.TABLE, or a file *{_METADATA}")
    return load_catalog(catalog).load_table(table)


def _snapshot(named: Input, table: Table, wanted: int | None) -> TableSnapshot:
    current = table.current_snapshot()
    number = wanted if wanted is not None else current.snapshot_id if current else -1
    version = TableVersion(str(table.metadata.table_uuid), number)
    if number < 0:
        return TableSnapshot(named, version, _columns(table, table.schema()), [])
    if table.snapshot_by_id(number) is None:
        raise CorpusError(f"{named.given} has no snapshot {number}: it may have expired")
    tasks = list(table.scan(snapshot_id=number).plan_files())
    deleted, schema = _deleted(table, tasks), table.scan(snapshot_id=number).projection()
    files = [_file(table, schema, task.file, deleted) for task in tasks]
    return TableSnapshot(named, version, _columns(table, schema), files)


def _columns(table: Table, schema: Schema) -> list[TableColumn]:
    # Files that another writer left, and that were added to the table, have no numbers: the mapping says their names.
    mapping = table.name_mapping()
    own = {field.field_id: field.names for field in mapping.root} if mapping else {}
    return [
        TableColumn(
            field.name,
            tuple(own.get(field.field_id, [field.name])),
            field.field_id,
            None if field.initial_default is None else str(field.initial_default),
        )
        for field in schema.fields
    ]


def _file(table: Table, schema: Schema, file: IcebergFile, deleted: Mapping[str, Positions]) -> DataFile:
    if file.file_format.value.lower() != "parquet":
        raise CorpusError(f"{file.file_path} is of the format {file.file_format.value}; only Parquet can be read")
    uri, rows = file_uri(file.file_path), deleted.get(file.file_path)
    values = _partition_values(table, schema, file)
    return DataFile(uri, values) if rows is None else DataFile(uri, values, rows)


def _partition_values(table: Table, schema: Schema, file: IcebergFile) -> dict[str, str | None]:
    """The values of a file's partition, for those of its columns that are partitioned by as they are."""
    from pyiceberg.transforms import IdentityTransform

    values: dict[str, str | None] = {}
    for number, part in enumerate(table.specs()[file.spec_id].fields):
        source = next((field for field in schema.fields if field.field_id == part.source_id), None)
        if source is not None and isinstance(part.transform, IdentityTransform):
            value = file.partition[number]
            human = None if value is None else part.transform.to_human_string(source.field_type, value)
            values[source.name] = human
    return values


def _deleted(table: Table, tasks: Iterable[FileScanTask]) -> dict[str, Positions]:
    """The positions of deleted rows, by the path of the data file."""
    files = {file.file_path: file for task in tasks for file in task.delete_files}
    found: dict[str, list[Positions]] = {}
    for file in files.values():
        for path, positions in _positions(table, file):
            found.setdefault(path, []).append(positions)
    return {path: np.unique(np.concatenate(positions)) for path, positions in found.items()}


def _positions(table: Table, file: IcebergFile) -> Iterable[tuple[str, Positions]]:
    kind = file.file_format.value.lower()
    with table.io.new_input(file.file_path).open() as stream:
        if kind == "puffin":
            from pyiceberg.table.deletion_vector import deletion_vectors_from_puffin_file
            from pyiceberg.table.puffin import PuffinFile

            for vector in deletion_vectors_from_puffin_file(PuffinFile(stream.read())):
                yield vector.referenced_data_file, _numbers(vector.to_vector())
        elif kind == "parquet":
            rows = pq.read_table(pa.BufferReader(stream.read()), columns=["file_path", "pos"])
            for path in pc.unique(rows["file_path"]).to_pylist():
                yield path, _numbers(rows.filter(pc.equal(rows["file_path"], path))["pos"])
        else:
            raise CorpusError(f"{file.file_path} deletes rows in the format {kind}, which cannot be read")


def _numbers(positions: pa.ChunkedArray) -> Positions:
    return np.asarray(positions.to_numpy(), np.int64)

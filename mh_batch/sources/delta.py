"""Delta tables, by the transaction log that `deltalake` reads; their data files are read by Spark as any others."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from mh_batch.common.filesystem import Folder
from mh_batch.errors import CorpusError, UsageError
from mh_batch.sources.inputs import Input
from mh_batch.sources.snapshots import DataFile, Positions, TableColumn, TableSnapshot, TableVersion, file_uri, text_of

if TYPE_CHECKING:
    from deltalake import DeltaTable

_PHYSICAL_NAME = "delta.columnMapping.physicalName"


def read_delta(named: Input, wanted: int | None) -> TableSnapshot:
    """Return a version of a Delta table; errors as of `read_snapshot`."""
    try:
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise UsageError(f"{named.given} needs a package for Delta tables: pip install 'mh-batch[delta]'") from None
    at = "" if wanted is None else f" at version {wanted}"
    try:
        return _snapshot(named, _open(named, wanted))
    # Arrow's and the log's own errors come as such.
    except (DeltaError, pa.ArrowException, OSError, ValueError) as error:
        raise CorpusError(f"{named.given} cannot be read as a Delta table{at}: {_cause(error)}") from None


def _cause(error: Exception) -> str:
    """The message of an error without Rust's stack, and without what it quotes of the log: values of the rows."""
    said = str(error).partition("\n")[0]
    return f"{said.partition('Json error')[0]}its log is damaged" if "Json error" in said else said


def _open(named: Input, version: int | None) -> "DeltaTable":
    from deltalake import DeltaTable

    folder = Folder.at(named.location)
    if folder.is_local and not (folder / "_delta_log").exists():
        raise CorpusError(f"{named.given} is no Delta table: {folder.uri} has no folder '_delta_log'")
    return DeltaTable(folder.uri, version=version)


def _snapshot(named: Input, table: "DeltaTable") -> TableSnapshot:
    root = Folder.at(named.location)
    columns = [_column(field) for field in json.loads(table.schema().to_json())["fields"]]
    logical = {own: column.name for column in columns for own in column.own}
    deleted = _deleted(table)
    files = [_file(root, row, logical, deleted) for row in _data_files(table).to_pylist()]
    if lost := len(deleted) - sum(len(file.deleted) > 0 for file in files):
        raise CorpusError(f"{named.given} deletes rows of {lost:,} files whose names are not those of its data files")
    return TableSnapshot(named, TableVersion(str(table.metadata().id), table.version()), columns, files)


def _column(field: Mapping[str, Any]) -> TableColumn:
    own = field.get("metadata", {}).get(_PHYSICAL_NAME, field["name"])
    return TableColumn(field["name"], (own,))


def _data_files(table: "DeltaTable") -> pa.Table:
    """The files by their names and partitions, without the statistics, which quote rows."""
    files = pa.table(table.get_add_actions())
    return files.select([name for name in ("path", "partition") if name in files.column_names])


def _file(
    root: Folder, row: Mapping[str, Any], logical: Mapping[str, str], deleted: Mapping[str, Positions]
) -> DataFile:
    path = unquote(row["path"])
    location = path if ":/" in path or path.startswith("/") else (root / path).uri  # a shallow clone's lie elsewhere
    uri = file_uri(location)
    values = {logical.get(name, name): text_of(value) for name, value in (row.get("partition") or {}).items()}
    rows = deleted.get(unquote(uri))
    return DataFile(uri, values) if rows is None else DataFile(uri, values, rows)


def _deleted(table: "DeltaTable") -> dict[str, Positions]:
    """The positions of deleted rows, by the location of the file."""
    found: dict[str, Positions] = {}
    for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors()):
        for file, kept in zip(batch["filepath"], batch["selection_vector"], strict=True):
            gone = np.flatnonzero(~kept.values.to_numpy(zero_copy_only=False)).astype(np.int64)
            if len(gone):
                found[unquote(file_uri(unquote(file.as_py())))] = gone
    return found

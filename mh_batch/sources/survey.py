"""Looks at the files of a corpus before any is read: what columns each has, how many rows, which are damaged."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow._parquet import _reconstruct_filemetadata

from mh_batch.common.filesystem import file_system_of
from mh_batch.sources.kinds import FileColumn, Kind, columns_of

DAMAGED = "it is damaged or no Parquet file"
ENCRYPTED = "it is encrypted"
VANISHED = "it vanished"

# What Hive and Spark write in a folder's name for a missing value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

# Footers lie at the end of files that may be far away: the time goes into waiting.
_SIDE_BY_SIDE = 32

# Gives the names that the corpus calls a file's columns by, of those that are asked for.
FindColumns = Callable[[Sequence[FileColumn]], Mapping[str, FileColumn]]

# How a file ends: the length of its footer, and what it is.
_LENGTH_AND_MAGIC, _MAGIC, _ENCRYPTED = 8, b"PAR1", b"PARE"


@dataclass(frozen=True)
class SoundFile:
    """A file whose footer can be read.

    Attributes:
        uri: Its name.
        rows: How many it holds.
        names: Of all its columns.
        kinds: What those columns hold that were asked for, by the corpus' names for them.
        own: The file's own names of those.
        empty: Those of them that say of themselves that they have no value.
        codecs: By which they are compressed, as Parquet calls them.
        values: Columns with one value for all its rows, which stands outside of it, such as a folder's `region=North/`.
        has_names: Whether `names` are sure to be names; else they may be somebody's text, which is not to be quoted.
    """

    uri: str
    rows: int
    names: tuple[str, ...]
    kinds: Mapping[str, Kind]
    own: Mapping[str, str]
    empty: frozenset[str]
    codecs: frozenset[str]
    values: Mapping[str, str | None]
    has_names: bool = True

    @classmethod
    def without_footer(
        cls, uri: str, names: Sequence[str], kinds: Mapping[str, Kind], own: Mapping[str, str], has_names: bool = True
    ) -> "SoundFile":
        """A file, or a table, whose rows nothing counts.

        Args:
            uri: Its name.
            names: As the attribute.
            kinds: As the attribute.
            own: As the attribute.
            has_names: As the attribute.
        """
        nothing: frozenset[str] = frozenset()
        return cls(uri, 0, tuple(names), kinds, own, nothing, nothing, folder_values(unquote(uri)), has_names)

    @property
    def location(self) -> str:
        """Its name without the marks of a URI: the same whoever wrote the URI."""
        return unquote(self.uri)

    def repeated(self) -> Collection[str]:
        """The names that more than one column has."""
        return {name for name, count in Counter(self.names).items() if count > 1}


@dataclass(frozen=True)
class BadFile:
    """A file that cannot be used, and why."""

    uri: str
    cause: str

    @property
    def location(self) -> str:
        """Its name without the marks of a URI."""
        return unquote(self.uri)

    def __str__(self) -> str:
        """For a message."""
        return f"{self.location.removeprefix('file:')}: {self.cause}"


def survey(files: Sequence[str], find: FindColumns) -> list[SoundFile | BadFile]:
    """Read the files' footers, in the order given, for the columns that `find` finds in each."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return list(pool.map(partial(_look_at, find=find), files))


def columns_named(names: Collection[str]) -> FindColumns:
    """Find the columns of these names; of two with one name, the last."""
    return lambda columns: {column.name: column for column in columns if column.name in names}


def _look_at(uri: str, find: FindColumns) -> SoundFile | BadFile:
    file_system, path = file_system_of(uri)
    try:
        with file_system.open_input_file(path) as file:
            end = _end_of(file)
            if end.endswith(_ENCRYPTED):
                return BadFile(uri, ENCRYPTED)
            return _sound(uri, _metadata(file, end), find)
    except FileNotFoundError:
        return BadFile(uri, VANISHED)
    except PermissionError:
        return BadFile(uri, "it may not be read")
    except (pa.ArrowException, OSError):
        return BadFile(uri, DAMAGED)


def _end_of(file: pa.NativeFile) -> bytes:
    file.seek(max(0, file.size() - _LENGTH_AND_MAGIC))
    end: bytes = file.read()
    return end


def _metadata(file: pa.NativeFile, end: bytes) -> pq.FileMetaData:
    try:
        return pq.read_metadata(file)
    except pa.ArrowException:
        # Where Arrow has no type for one column it opens no file; the footer by itself it understands.
        length = int.from_bytes(end[:4], "little")
        if not end.endswith(_MAGIC) or length + _LENGTH_AND_MAGIC > file.size():
            raise
        file.seek(file.size() - _LENGTH_AND_MAGIC - length)
        return _reconstruct_filemetadata(pa.py_buffer(file.read(length)))


def _sound(uri: str, metadata: pq.FileMetaData, find: FindColumns) -> SoundFile:
    columns = columns_of(metadata.schema)
    wanted = find(columns)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    leaves = [leaf for column in wanted.values() for leaf in column.leaves]
    return SoundFile(
        uri=uri,
        rows=metadata.num_rows,
        names=tuple(column.name for column in columns),
        kinds={name: column.kind for name, column in wanted.items()},
        own={name: column.name for name, column in wanted.items()},
        empty=frozenset(name for name, column in wanted.items() if _is_empty(groups, column.leaves)),
        codecs=frozenset(group.column(leaf).compression for group in groups for leaf in leaves),
        values=folder_values(unquote(uri)),
    )


def folder_values(location: str) -> Mapping[str, str | None]:
    """Columns that the names of the folders of a file give its rows: `region=North/` gives them a region."""
    parts = [part.partition("=") for part in location.split("/")[:-1] if "=" in part]
    # Hive and Spark encode a value for the folder's name.
    values = {unquote(name): unquote(value) for name, _, value in parts}
    return {name: None if value == _NO_VALUE else value for name, value in values.items()}


def _is_empty(groups: Sequence[pq.RowGroupMetaData], leaves: range) -> bool:
    return all(_no_value(group.column(leaf)) for group in groups for leaf in leaves)


def _no_value(chunk: pq.ColumnChunkMetaData) -> bool:
    statistics = chunk.statistics
    return chunk.num_values == 0 or (
        statistics is not None and statistics.has_null_count and statistics.null_count == chunk.num_values
    )

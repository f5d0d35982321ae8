"""One version of a table that keeps a log: the data files that hold its rows, and which of their rows are deleted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

from mh_batch.sources.file_listing import uri_of
from mh_batch.sources.inputs import DELTA, Input
from mh_batch.sources.kinds import NOTHING, FileColumn
from mh_batch.sources.survey import BadFile, SoundFile, survey

Positions = npt.NDArray[np.int64]

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:(?=/)")

_NO_ROWS: Positions = np.zeros(0, np.int64)


@dataclass(frozen=True)
class TableVersion:
    """A version of a table, which pins its rows.

    Attributes:
        table_id: The table's own identifier, which a table that takes its place does not have.
        version: Delta's number of the version, Iceberg's of the snapshot; -1 where there is none yet.
        unread: The locations of its files that could not be read.
    """

    table_id: str
    version: int
    unread: tuple[str, ...] = ()

    @classmethod
    def recorded(cls, entry: Mapping[str, Any]) -> TableVersion:
        """Return what a manifest says."""
        return cls(entry["table_id"], entry["version"], tuple(entry.get("unread", ())))


@dataclass(frozen=True)
class TableColumn:
    """A column of a table.

    Attributes:
        name: The table's name for it.
        own: Its name in the data files, or the names that it may have there.
        field_id: Its number in the data files, where these have such.
        default: What stands for it in files that lack it.
    """

    name: str
    own: tuple[str, ...]
    field_id: int = -1
    default: str | None = None


@dataclass(frozen=True)
class DataFile:
    """A data file of a table.

    Attributes:
        uri: Where it lies.
        values: Columns of the table with one value for all rows of the file.
        deleted: Positions of the rows that the table does not hold any more.
    """

    uri: str
    values: Mapping[str, str | None] = field(default_factory=dict)
    deleted: Positions = field(default_factory=lambda: _NO_ROWS)

    @property
    def location(self) -> str:
        """Its name without the marks of a URI."""
        return unquote(self.uri)

    @cached_property
    def identity(self) -> tuple[str, str]:
        """The same for a file of two versions that hold the same of its rows."""
        return self.location, hashlib.sha256(np.sort(self.deleted).tobytes()).hexdigest()


@dataclass(frozen=True)
class TableSnapshot:
    """One version of a table.

    Attributes:
        input: How it was named.
        version: Which it is.
        columns: Its columns.
        files: Its data files.
    """

    input: Input
    version: TableVersion
    columns: Sequence[TableColumn]
    files: Sequence[DataFile]

    def without(self, files: Sequence[DataFile]) -> TableSnapshot:
        """Return the snapshot without the files that another holds the same rows of."""
        known = {file.identity for file in files}
        return replace(self, files=[file for file in self.files if file.identity not in known])

    def as_read(self, version: TableVersion) -> TableSnapshot:
        """Return the snapshot without the files that could not be read when this version was."""
        return replace(self, files=[file for file in self.files if file.location not in version.unread])

    def survey(self, without: Mapping[str, BadFile]) -> list[SoundFile | BadFile]:
        """Look at the data files but for those in `without`; what they hold goes by the table's names."""
        files = [file for file in self.files if file.location not in without]
        looked_at = survey([file.uri for file in files], self._find)
        pairs = zip(looked_at, files, strict=True)
        return [self._of_table(sound, file) if isinstance(sound, SoundFile) else sound for sound, file in pairs]

    def _find(self, columns: Sequence[FileColumn]) -> Mapping[str, FileColumn]:
        by_id = {column.field_id: column for column in columns if column.field_id >= 0}
        by_name = {column.name: column for column in columns}
        if self.input.format == DELTA or not by_id:
            found = {column.name: [by_name[own] for own in column.own if own in by_name] for column in self.columns}
            return {name: columns[0] for name, columns in found.items() if columns}
        return {column.name: by_id[column.field_id] for column in self.columns if column.field_id in by_id}

    def _of_table(self, sound: SoundFile, file: DataFile) -> SoundFile:
        # Delta's log says what a partition is, whatever stands in the file; Iceberg's does where the file does not.
        of_file = sound.kinds if self.input.format != DELTA else {}
        values = {name: value for name, value in file.values.items() if name not in of_file}
        kinds = {name: kind for name, kind in sound.kinds.items() if name not in values}
        # A column that the table was given later: older files have no value for it, or the one of its declaration.
        lacking = [column for column in self.columns if column.name not in kinds and column.name not in values]
        defaults = {column.name: column.default for column in lacking if column.default is not None}
        nothing = {column.name: NOTHING for column in lacking if column.default is None}
        return replace(
            sound,
            names=tuple(column.name for column in self.columns),
            kinds=kinds | nothing,
            own={name: own for name, own in sound.own.items() if name in kinds},
            values=defaults | values,
        )


def text_of(value: Any) -> str | None:  # noqa: ANN401 - any type that a partition column may have
    """A partition's value as a folder's name would have it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def file_uri(location: str) -> str:
    """The URI, in ASCII, of a data file whose path or URI is written as it is, not encoded."""
    scheme = _SCHEME.match(location)
    if scheme is not None and scheme[0] != "file:":
        return f"{scheme[0]}{quote(location[scheme.end() :])}"
    return uri_of(Path(re.sub("^file:/+", "/", location)).absolute())

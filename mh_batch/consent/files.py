"""The files of a ledger: Parquet or CSV, one file or a folder of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv, fs

from mh_batch.consent.events import conform
from mh_batch.errors import LedgerError
from mh_batch.storage import file_system_of
from mh_batch.validation import load_contract

_BLOCK_BYTES = 2**24
_SUFFIXES = ("parquet", "csv")
_ENDINGS = tuple(f".{suffix}" for suffix in _SUFFIXES)


@dataclass(frozen=True)
class LedgerFiles:
    """Where a ledger lies.

    Attributes:
        location: As it was given.
        file_system: That of the files.
        files: As they were when they were found.
    """

    location: str
    file_system: fs.FileSystem
    files: tuple[fs.FileInfo, ...]

    @classmethod
    def at(cls, location: str) -> LedgerFiles:
        """Find the files at a path or URI; LedgerError if there are none, or others that may be meant to be read."""
        file_system, path = file_system_of(location)
        found = file_system.get_file_info(path)
        inside = [found]
        if found.type == fs.FileType.Directory:
            inside = file_system.get_file_info(fs.FileSelector(path, recursive=True))
            _refuse_what_would_be_missed(location, [file.base_name for file in inside if _is_finished(file)])
        files = sorted((file for file in inside if _is_ledger(file)), key=lambda file: str(file.path))
        if not files:
            raise LedgerError(f"{location} is no consent ledger: expected a Parquet or CSV file, or a folder of them")
        return cls(location, file_system, tuple(files))

    def digest(self) -> str:
        """Return the SHA-256 of the files' bytes, one after the other in the order of their names."""
        digest = hashlib.sha256()
        for file in self.files:
            with self.file_system.open_input_stream(file.path) as stream:
                while block := stream.read(_BLOCK_BYTES):
                    digest.update(block)
        return digest.hexdigest()

    def tables(self) -> Iterator[pa.Table]:
        """Read the ledger piece by piece, as `conform` returns it.

        Raises:
            LedgerError: a file cannot be read, changed meanwhile, or breaks the contract.
        """
        for file in self.files:
            first = 1
            for rows in self._read(file):
                yield conform(rows, file.base_name, first)
                first += len(rows)
        self._check_unchanged()

    def same_as(self, other: LedgerFiles) -> bool:
        """Whether the files are those of another look at the ledger, and nobody has written to them since."""
        return _states(self.files) == _states(other.files)

    def _check_unchanged(self) -> None:
        if _states(self.file_system.get_file_info([file.path for file in self.files])) != _states(self.files):
            raise LedgerError(f"{self.location} changed while it was being read; start again when it is complete")

    def _read(self, file: fs.FileInfo) -> Iterator[pa.Table]:
        try:
            yield from (_parquet if file.extension == "parquet" else _csv)(self.file_system, file.path)
        except (pa.ArrowException, OSError):  # their messages quote rows
            raise LedgerError(f"{file.base_name} cannot be read as a {file.extension} file") from None


def _states(files: Iterable[fs.FileInfo]) -> list[tuple[str, int | None, int | None]]:
    return [(file.path, file.size, file.mtime_ns) for file in files]


def _is_ledger(file: fs.FileInfo) -> bool:
    return _is_finished(file) and file.extension in _SUFFIXES


def _is_finished(file: fs.FileInfo) -> bool:
    return bool(file.type == fs.FileType.File and "/_temporary/" not in file.path)


def _refuse_what_would_be_missed(location: str, names: Collection[str]) -> None:
    """A withdrawal in a file that is passed over would not be heeded, and nobody would know.

    Who hid a table may want it passed over, or not know of its name: either guess may wrong somebody.
    """
    hidden = {name for name in names if name.startswith(("_", "."))}
    hidden_tables = [name for name in hidden if name.lower().endswith(_ENDINGS)]
    if hidden_tables:
        raise LedgerError(
            f"{location} holds tables whose names begin with _ or ., such as {min(hidden_tables)}: rename what belongs "
            "to the ledger, and put elsewhere what does not"
        )
    others = [name for name in {*names} - hidden if not name.endswith(_ENDINGS)]
    if others:
        raise LedgerError(
            f"{location} holds what is no file of a consent ledger, such as {min(others)}: expected .parquet and .csv, "
            "in small letters; put it elsewhere, or if it is neither, let its name begin with _ or . to be passed over"
        )


def _parquet(file_system: fs.FileSystem, path: str) -> Iterator[pa.Table]:
    with pq.ParquetFile(path, filesystem=file_system) as file:
        names = [name for name in load_contract("consent").names if name in file.schema_arrow.names]
        yield from (_with_zone(file, pa.Table.from_batches([batch])) for batch in file.iter_batches(columns=names))


def _with_zone(file: pq.ParquetFile, rows: pa.Table) -> pa.Table:
    """Spark writes its instants as INT96 by default: they carry no zone, and are UTC."""
    kinds = {column.path: column.physical_type for column in file.schema}
    if kinds.get("at") != "INT96":
        return rows
    utc = rows["at"].cast(pa.timestamp("us"), safe=False).cast(pa.timestamp("us", "UTC"))
    return rows.set_column(rows.schema.get_field_index("at"), "at", utc)


def _csv(file_system: fs.FileSystem, path: str) -> Iterator[pa.Table]:
    names = load_contract("consent").names
    # Ids stay as they are written, zeros in front included.
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    with file_system.open_input_stream(path) as stream:
        yield from (pa.Table.from_batches([batch]) for batch in csv.open_csv(stream, convert_options=convert))

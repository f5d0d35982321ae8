"""The files of a ledger: Parquet or CSV, one file or a folder of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.consent.events import conform
from mh_batch.consent.folders import ENDINGS, ledger_files
from mh_batch.contracts import load_contract
from mh_batch.errors import CorpusError, LedgerError
from mh_batch.sources.file_listing import uri_of
from mh_batch.sources.kinds import Kind, Sort
from mh_batch.sources.lists import open_list

_BLOCK_BYTES = 2**24

# What Parquet's instants are, INT96 included.
_INSTANTS = Kind(Sort.TIMESTAMP, "timestamp")


@dataclass(frozen=True)
class LedgerFiles:
    """The files of a ledger.

    Attributes:
        location: As it was given.
        file_system: That of the files.
        places: Where they are.
        files: As they were when they were found.
    """

    location: str
    file_system: fs.FileSystem
    places: tuple[Folder, ...]
    files: tuple[fs.FileInfo, ...]

    @classmethod
    def at(cls, location: str) -> LedgerFiles:
        """Find the files at a path or URI; LedgerError if there are none, or others that may be meant to be read."""
        places = tuple(place for place in ledger_files(location) if place.uri.endswith(ENDINGS))
        if not places:
            raise LedgerError(f"{location} is no consent ledger: expected a Parquet or CSV file, or a folder of them")
        file_system, _ = file_system_of(location)
        return cls(location, file_system, places, tuple(_look_at(file_system, places)))

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
        for place in self.places:
            first = 1
            for rows in _read(place):
                yield conform(rows, place.name, first)
                first += len(rows)
        self._check_unchanged()

    def same_as(self, other: LedgerFiles) -> bool:
        """Whether the files are those of another look at the ledger, and nobody has written to them since."""
        return _states(self.files) == _states(other.files)

    def _check_unchanged(self) -> None:
        if _states(_look_at(self.file_system, self.places)) != _states(self.files):
            raise LedgerError(f"{self.location} changed while it was being read; start again when it is complete")


def _look_at(file_system: fs.FileSystem, places: Iterable[Folder]) -> list[fs.FileInfo]:
    found: list[fs.FileInfo] = file_system.get_file_info([file_system_of(place.uri)[1] for place in places])
    return found


def _states(files: Iterable[fs.FileInfo]) -> list[tuple[str, int | None, int | None]]:
    return [(file.path, file.size, file.mtime_ns) for file in files]


def _read(place: Folder) -> Iterator[pa.Table]:
    try:
        listed = open_list(uri_of(Path(place.uri)) if place.is_local else place.uri, load_contract("consent").names)
        has_instants = listed.parquet is not None and listed.parquet.kinds.get("at") == _INSTANTS
        yield from (_with_zone(rows) if has_instants else rows for rows in listed.tables())
    except CorpusError as error:
        ending = place.name.rsplit(".", 1)[-1]
        raise LedgerError(f"{place.name} ({error}) cannot be read as a {ending} file") from None


def _with_zone(rows: pa.Table) -> pa.Table:
    """Spark writes its instants as INT96 by default: they carry no zone, and are UTC."""
    utc = rows["at"].cast(pa.timestamp("us", "UTC"), safe=False)
    return rows.set_column(rows.schema.get_field_index("at"), "at", utc)

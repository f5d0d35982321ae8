"""Labelled texts, as they lie in Parquet files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from mh_batch.errors import CorpusError, nearest
from mh_batch.storage import Folder, file_system_of

TEXT = "text"
OF_LABELS = "label_"
_STRINGS = ("doc_id", "language", "source", "author_id")


@dataclass(frozen=True)
class LabelledFiles:
    """Files of labelled texts.

    Attributes:
        files: Paths or URIs.
        columns: Contract name to the files' own name, where they differ.
    """

    files: tuple[str, ...]
    columns: Mapping[str, str]

    @classmethod
    def of(cls, data: Sequence[str], columns: Mapping[str, str]) -> LabelledFiles:
        """Find the Parquet files of files and folders; CorpusError if there are none."""
        found = tuple(file for location in data for file in _files_of(location))
        return cls(found, columns)

    def own_name(self, name: str) -> str:
        """Return what the files call a column of the contract."""
        return self.columns.get(name, name)

    def have(self, name: str) -> bool:
        """Whether all files have a column of the contract."""
        return all(self.own_name(name) in _open(file).schema_arrow.names for file in self.files)

    @cached_property
    def count(self) -> int:
        """Rows of all files."""
        return sum(_open(file).metadata.num_rows for file in self.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the files' contents, in their order."""
        total = hashlib.sha256()
        for file in self.files:
            file_system, path = file_system_of(file)
            with file_system.open_input_stream(path) as stream:
                while block := stream.read(1 << 20):
                    total.update(block)
        return total.hexdigest()

    def table(self, with_text: bool) -> pa.Table:
        """Read all columns of the contract that the files have, by its names; labels as they are.

        Raises:
            CorpusError: a file cannot be read, lacks the texts or the labels, or identifies two rows alike.
        """
        parts = [self._part(file, with_text) for file in self.files]
        try:
            table = pa.concat_tables(parts, promote_options="default")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise CorpusError(f"the files' label columns are of different types: {error}") from None
        if "doc_id" not in table.column_names:
            return table.append_column("doc_id", pa.array(map(str, range(len(table))), pa.string()))
        if len(table["doc_id"].unique()) < len(table) or table["doc_id"].null_count:
            raise CorpusError("doc_id is null or stands for several rows: name another column (--columns doc_id=...)")
        return table

    def _part(self, file: str, with_text: bool) -> pa.Table:
        found = _open(file)
        own = found.schema_arrow.names
        labels = [name for name in {*self.columns, *own} if name.startswith(OF_LABELS)]
        wanted = {name: self.own_name(name) for name in (TEXT, "label", *_STRINGS, *sorted(labels))}
        for name in [TEXT, *self.columns]:
            if wanted[name] not in own:
                raise CorpusError(f"{file} has no column '{wanted[name]}': {nearest(wanted[name], own)} (--columns)")
        present = {name: source for name, source in wanted.items() if source in own and (with_text or name != TEXT)}
        if not any(name == "label" or name.startswith(OF_LABELS) for name in present):
            raise CorpusError(f"{file} has no labels: name their column with --columns label=...")
        return _as_contract(found.read(columns=list(dict.fromkeys(present.values()))), present)


def _as_contract(table: pa.Table, present: Mapping[str, str]) -> pa.Table:
    columns = {name: table[source] for name, source in present.items()}
    strings = {name: column.cast(pa.string()) for name, column in columns.items() if name in (TEXT, *_STRINGS)}
    return pa.table({**columns, **strings})


def _files_of(location: str) -> list[str]:
    """Return the Parquet files of a location, as URIs or, on this machine, as paths."""
    file_system, path = file_system_of(location)
    about = file_system.get_file_info(path)
    if about.type == fs.FileType.NotFound:
        raise CorpusError(f"there is no such file or folder: {location}")
    if about.type == fs.FileType.File:
        return [Folder.at(location).uri]
    scheme = "" if Folder.at(location).is_local else f"{location.partition(':')[0]}://"
    found = sorted(f"{scheme}{entry.path}" for entry in Folder.at(location).files(".parquet"))
    if not found:
        raise CorpusError(f"{location} holds no Parquet files")
    return found


def _open(file: str) -> pq.ParquetFile:
    file_system, path = file_system_of(file)
    try:
        return pq.ParquetFile(file_system.open_input_file(path))
    except (pa.ArrowInvalid, OSError) as error:
        raise CorpusError(f"{file} cannot be read as Parquet ({type(error).__name__})") from None

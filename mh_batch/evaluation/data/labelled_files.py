"""Labelled texts, as they lie in Parquet files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from mh_batch.common.filesystem import file_system_of
from mh_batch.errors import CorpusError, nearest
from mh_batch.sources import SoundFile
from mh_batch.sources.arrow_reading import columns_at_hand, inspect_files, named, read_columns
from mh_batch.sources.arrow_values import identifiers, texts
from mh_batch.sources.file_listing import files_at

TEXT = "text"
OF_LABELS = "label_"
_STRINGS = ("doc_id", "language", "source", "author_id")


@dataclass(frozen=True)
class LabelledFiles:
    """Files of labelled texts.

    Attributes:
        files: URIs.
        columns: Contract name to the files' own name, where they differ.
    """

    files: tuple[str, ...]
    columns: Mapping[str, str]

    @classmethod
    def of(cls, data: Sequence[str], columns: Mapping[str, str]) -> LabelledFiles:
        """Find the Parquet files of files and folders; CorpusError if there are none, or some that cannot be read."""
        seen: set[str] = set()
        found = [file for location in data for file in files_at(location, seen)]
        return cls(tuple(found), columns)

    def own_name(self, name: str) -> str:
        """Return what the files call a column of the contract."""
        return self.columns.get(name, name)

    def have(self, name: str) -> bool:
        """Whether all files have a column of the contract."""
        return all(self.own_name(name) in columns_at_hand(file) for file in self._looked_at)

    @cached_property
    def count(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self._looked_at)

    @cached_property
    def _looked_at(self) -> Sequence[SoundFile]:
        names = (TEXT, "label", *_STRINGS)
        found = inspect_files(self.files, {*map(self.own_name, names), *self.columns.values()})
        if not found:
            raise CorpusError("the data holds no Parquet files")
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the files' contents, in their order."""
        total = hashlib.sha256()
        for file in self._looked_at:
            file_system, path = file_system_of(file.uri)
            with file_system.open_input_stream(path) as stream:
                while block := stream.read(1 << 20):
                    total.update(block)
        return total.hexdigest()

    def table(self, with_text: bool) -> pa.Table:
        """Read all columns of the contract that the files have, by its names; labels as they are.

        Raises:
            CorpusError: a file cannot be read, lacks the texts or the labels, or identifies two rows alike.
        """
        parts = [self._part(file, with_text) for file in self._looked_at]
        try:
            table = pa.concat_tables(parts, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise CorpusError(f"the files' label columns are of different types: {error}") from None
        if "doc_id" not in table.column_names:
            return table.append_column("doc_id", pa.array(map(str, range(len(table))), pa.string()))
        if len(table["doc_id"].unique()) < len(table) or table["doc_id"].null_count:
            raise CorpusError("doc_id is null or stands for several rows: name another column (--columns doc_id=...)")
        return table

    def _part(self, file: SoundFile, with_text: bool) -> pa.Table:
        own, where = columns_at_hand(file), named(file)
        labels = [name for name in {*self.columns, *own} if name.startswith(OF_LABELS)]
        wanted = {name: self.own_name(name) for name in (TEXT, "label", *_STRINGS, *sorted(labels))}
        for name in [TEXT, *self.columns]:
            if wanted[name] not in own:
                raise CorpusError(f"{where} has no column '{wanted[name]}': {nearest(wanted[name], own)} (--columns)")
        present = {name: source for name, source in wanted.items() if source in own and (with_text or name != TEXT)}
        if not any(name == "label" or name.startswith(OF_LABELS) for name in present):
            raise CorpusError(f"{where} has no labels: name their column with --columns label=...")
        try:
            return pa.concat_tables([_as_contract(rows, present) for rows in read_columns(file, {*present.values()})])
        except CorpusError as error:
            raise CorpusError(f"{where}: {error}") from None


def _as_contract(table: pa.Table, present: Mapping[str, str]) -> pa.Table:
    columns = {name: table[source] for name, source in present.items()}
    for name in {TEXT, *_STRINGS} & {*columns}:
        if name == TEXT:
            columns[name] = texts(columns[name], present[name])
        elif name != "doc_id" and pa.types.is_floating(columns[name].type):
            # pandas writes whole numbers so in a column with nulls; here they only name groups.
            columns[name] = columns[name].cast(pa.string())
        else:
            columns[name] = identifiers(columns[name], present[name])
    return pa.table(columns)

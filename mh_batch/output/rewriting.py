"""Replaces Parquet files by changed ones. Whoever is killed leaves each file as it was or as it is to be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import StoreError


class Change(Protocol):
    """A change to the rows of files."""

    @property
    def stamp(self) -> dict[bytes, bytes]:
        """Entries of a changed file's footer that say that it was changed."""

    def concerns(self, file: pq.ParquetFile) -> bool:
        """Whether a file is to be changed at all, by its footer or a few columns."""

    def apply(self, rows: pa.Table) -> pa.Table:
        """Return the rows as they are to be, under the same schema."""


def rewrite_files(files: Iterable[Folder], change: Change, drafts: Folder) -> dict[Folder, int]:
    """Change the files that it concerns.

    Args:
        files: Parquet files.
        change: What is done to them.
        drafts: Folder for what is not finished, on the same file system.

    Returns:
        The rows left in each file that was changed.
    """
    # Arrow reads and packs without holding up other threads.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        numbered = [(file, drafts / f"{number}.parquet") for number, file in enumerate(files)]
        done = pool.map(lambda pair: _rewrite(pair[0], pair[1], change), numbered)
        return {file: rows for (file, _), rows in zip(numbered, done, strict=True) if rows is not None}


@contextmanager
def opened(file: Folder) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; StoreError if it is damaged."""
    file_system, path = file_system_of(file.uri)
    try:
        table = pq.ParquetFile(path, filesystem=file_system)
    except pa.ArrowInvalid:
        raise StoreError(f"{file.uri} is damaged: restore it, or delete it and lose what it holds") from None
    with table:
        yield table


def _rewrite(file: Folder, draft: Folder, change: Change) -> int | None:
    with opened(file) as old:
        if not change.concerns(old):
            return None
        rows = _write(draft, old, change)
    forget_checksum(file)
    draft.replace(file)
    return rows


def _write(draft: Folder, old: pq.ParquetFile, change: Change) -> int:
    schema = old.schema_arrow
    stamped = schema.with_metadata({**(schema.metadata or {}), **change.stamp})
    rows = 0
    with draft.opened_for_writing() as stream, pq.ParquetWriter(stream, stamped, compression=_codec(old)) as writer:
        for table in row_groups(old):
            changed = change.apply(table)
            rows += len(changed)
            writer.write_table(changed.cast(stamped))
    return rows


def row_groups(file: pq.ParquetFile, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a file in pieces that fit into memory."""
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, columns)


def _codec(file: pq.ParquetFile) -> str:
    metadata = file.metadata
    if metadata.num_row_groups == 0 or metadata.num_columns == 0:
        return "snappy"
    codec: str = metadata.row_group(0).column(0).compression
    return "none" if codec == "UNCOMPRESSED" else codec.lower()


def forget_checksum(file: Folder) -> None:
    """Delete the checksum that Hadoop keeps beside a local file: it would refuse the file that takes its place."""
    (file.parent / f".{file.name}.crc").delete()


def each_file(files: Iterable[Folder], look: Callable[[Folder, pq.ParquetFile], None]) -> None:
    """Look at files side by side."""

    def open_and_look(file: Folder) -> None:
        with opened(file) as table:
            look(file, table)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(open_and_look, files))

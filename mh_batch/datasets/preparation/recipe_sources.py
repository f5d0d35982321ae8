"""Readers of a recipe's sources: Parquet or CSV files of the data folder, or data sets of the hub."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import csv

from mh_batch.common.filesystem import file_system_of
from mh_batch.datasets.preparation.preparation_recipe import HubDataset, Source
from mh_batch.errors import CorpusError, PreparationError, UsageError, nearest
from mh_batch.sources import SoundFile
from mh_batch.sources.arrow_reading import columns_at_hand, inspect_files, named, read_columns
from mh_batch.sources.arrow_values import texts
from mh_batch.sources.file_listing import files_at

_CSV = ".csv"
_PARSING = csv.ParseOptions(newlines_in_values=True)

_ENDINGS = (".parquet", ".csv")
_OUR_COLUMNS = ("doc_id", "text", "language", "author", "category")


@dataclass(frozen=True)
class FilesRead:
    """The rows that were read of files.

    Attributes:
        rows: Those columns that were asked for.
        names: Of all columns that the files have.
        digest: SHA-256 of a file, or of those of a folder's files one after the other.
    """

    rows: pa.Table
    names: Sequence[str]
    digest: str


def read_files(path: Path, asked: Collection[str], written: Collection[str]) -> FilesRead:
    """Read a CSV file, or a Parquet file or a folder of them.

    Args:
        path: The file or folder.
        asked: Columns to read, of those that there are.
        written: Those of them that in CSV stay as they are written, zeros in front and `NA` included.

    Raises:
        CorpusError: it cannot be read; the message quotes nothing of it.
    """
    files = files_at(str(path), set())
    rows, names = _csv(path, asked, written) if path.suffix.lower() == _CSV else _parquet(files, asked)
    return FilesRead(rows, names, _digest([Path(file_system_of(file)[1]) for file in files], path.is_dir()))


def _parquet(files: Sequence[str], asked: Collection[str]) -> tuple[pa.Table, list[str]]:
    looked_at = inspect_files(files, asked)
    names = list(dict.fromkeys(name for file in looked_at for name in columns_at_hand(file)))
    parts = [part for file in looked_at for part in _pieces(file, asked)]
    try:
        return pa.concat_tables(parts, promote_options="permissive"), names
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:  # its message names types
        raise CorpusError(f"its files hold different types in one column: {error}") from None


def _pieces(file: SoundFile, asked: Collection[str]) -> Iterator[pa.Table]:
    try:
        yield from read_columns(file, asked)
    except CorpusError as error:
        raise CorpusError(f"{named(file)}: {error}") from None


def _csv(path: Path, asked: Collection[str], written: Collection[str]) -> tuple[pa.Table, list[str]]:
    try:
        names: list[str] = _dataset(path, ()).schema.names
        strings = [name for name in names if name in written]
        others = [name for name in names if name in asked and name not in written]
        parts = [_dataset(path, strings).to_table(strings), _dataset(path, ()).to_table(others)]
    except (pa.ArrowException, OSError) as error:  # its message may quote a line of the file
        raise CorpusError(f"{path} cannot be read as CSV in UTF-8 ({type(error).__name__})") from None
    return pa.table({name: part[name] for part in parts for name in part.column_names}), names


def _dataset(path: Path, strings: Sequence[str]) -> ds.Dataset:
    convert = csv.ConvertOptions()
    if strings:
        types = dict.fromkeys(strings, pa.string())
        convert = csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    return ds.dataset(path, format=ds.CsvFileFormat(_PARSING, convert_options=convert))


def _digest(files: Sequence[Path], is_folder: bool) -> str:
    digests = [_digest_of(file) for file in sorted(files)]
    if not is_folder:
        return digests[0]
    return f"sha256:{hashlib.sha256(chr(10).join(digests).encode()).hexdigest()}"


def _digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


@dataclass(frozen=True)
class Origin:
    """The origin of a source: a path and the SHA-256 of its bytes, or a name on the hub and its revision."""

    source: str
    location: str
    digest: str
    rows: int


def read_source(source: Source, folder: Path | None) -> tuple[pd.DataFrame, Origin]:
    """Return the columns of a source that the recipe uses, under the source's own names, and where they came from.

    Raises:
        UsageError: a file is not there, or a package that reads from the hub is not installed.
        PreparationError: a column is missing, or there are no rows.
    """
    read = _from_hub(source.hub) if source.hub else _from_files(source, folder)
    wanted = _wanted(source, read.names)
    if not read.rows.num_rows:
        raise PreparationError(f"source '{source.name}' has no rows ({read.location}): give it some, or leave it out")
    rows = _with_texts(source, read.rows.select(wanted)).to_pandas(integer_object_nulls=True)
    return rows, Origin(source.name, read.location, read.digest, len(rows))


@dataclass(frozen=True)
class _Read:
    """Rows that may have fewer columns than the source, the names of all, and where they came from."""

    rows: pa.Table
    names: Sequence[str]
    location: str
    digest: str


def own_name(source: Source, column: str) -> str:
    """Return the source's name of one of our columns."""
    return source.columns.get(column, column)  # type: ignore[call-overload, no-any-return]  # its keys are literals


def _wanted(source: Source, present: Sequence[str]) -> list[str]:
    named = _named(source)
    for name in sorted(named - set(present)):
        raise PreparationError(
            f"source '{source.name}' has no column '{name}': {nearest(name, present)} "
            "(change the recipe's columns, where or labels)"
        )
    return sorted((named | _ours(source)) & set(present))


def _named(source: Source) -> set[str]:
    return {*source.columns.values(), own_name(source, "text"), *source.columns_used()}


def _ours(source: Source) -> set[str]:
    return {own_name(source, column) for column in _OUR_COLUMNS}


def _with_texts(source: Source, table: pa.Table) -> pa.Table:
    """Check that our columns hold single values, and those of the texts nothing else."""
    for name in _ours(source) & set(table.column_names):
        if pa.types.is_nested(table.schema.field(name).type):
            raise PreparationError(f"source '{source.name}': column '{name}' holds {table.schema.field(name).type}")
    name = own_name(source, "text")
    try:
        return table.set_column(table.schema.get_field_index(name), name, texts(table[name], name))
    except CorpusError:
        kind = table.schema.field(name).type
        raise PreparationError(
            f"source '{source.name}': column '{name}' holds {kind}, and not texts in UTF-8"
        ) from None


def _from_files(source: Source, folder: Path | None) -> _Read:
    if folder is None:
        raise UsageError(f"source '{source.name}' is a file: say with --data in which folder it lies")
    path = folder / str(source.path)
    if not path.exists():
        raise UsageError(f"source '{source.name}': {path} is not there; --data names the folder of the recipe's files")
    if not path.is_dir() and path.suffix.lower() not in _ENDINGS:
        raise UsageError(f"source '{source.name}': {path} is neither Parquet (.parquet) nor CSV (.csv)")
    ours = _ours(source)
    written = (ours - source.columns_used()) | {own_name(source, "text")}
    try:
        read = read_files(path, _named(source) | ours, written)
    except CorpusError as error:
        raise PreparationError(f"source '{source.name}': {error}") from None
    return _Read(read.rows, read.names, str(source.path), read.digest)


def _from_hub(hub: HubDataset) -> _Read:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        from datasets import load_dataset
    except ImportError:
        raise UsageError(f"the data set {hub.name} lies on the hub: pip install 'mh-batch[prepare]'") from None
    try:
        loaded = load_dataset(hub.name, hub.config, split=hub.split, revision=hub.revision)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the data set {hub.name} cannot be had from the hub ({type(error).__name__}): check its name, revision "
            "and split, and the connection, or give the recipe a path to a copy of it"
        ) from None
    table = loaded.with_format("arrow")[:]
    return _Read(table, table.column_names, f"https://huggingface.co/datasets/{hub.name}", f"revision:{hub.revision}")

"""The files of a source: Parquet, or CSV."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import csv

from mh_batch.common.filesystem import file_system_of
from mh_batch.errors import CorpusError
from mh_batch.sources.arrow_reading import columns_at_hand, inspect_files, named, read_columns
from mh_batch.sources.file_listing import files_at
from mh_batch.sources.survey import SoundFile

_CSV = ".csv"
_PARSING = csv.ParseOptions(newlines_in_values=True)


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
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:  # which tells of types
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

"""Parquet files of other writers, read by Arrow: just the columns that are asked for."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.common.filesystem import file_system_of
from mh_batch.errors import CorpusError
from mh_batch.sources.file_listing import refuse
from mh_batch.sources.survey import DAMAGED, BadFile, SoundFile, columns_named, survey

# A damaged file of another ending, such as readme.md, may lie in a table's folder and is no part of it.
_ENDINGS = ("", ".parquet", ".parq", ".pq")


def inspect_files(files: Sequence[str], names: Collection[str]) -> list[SoundFile]:
    """Look at files of which columns of these names are to be read; those of a folder that are no tables are left out.

    Raises:
        CorpusError: files cannot be read, or have two columns of one of the names; all are named.
    """
    looked = survey(files, columns_named(names))
    repeated = [(file, sorted({*names} & {*file.repeated()})) for file in looked if isinstance(file, SoundFile)]
    twice = [BadFile(file.uri, f"it has more than one column '{found[0]}'") for file, found in repeated if found]
    refuse([*(file for file in looked if isinstance(file, BadFile) and not _is_unrelated(file, len(files))), *twice])
    return [file for file in looked if isinstance(file, SoundFile)]


def _is_unrelated(file: BadFile, files: int) -> bool:
    return files > 1 and file.cause == DAMAGED and Path(file.location).suffix.lower() not in _ENDINGS


def named(file: SoundFile) -> str:
    """A file's name in a message."""
    return file.location.removeprefix("file:")


def columns_at_hand(file: SoundFile) -> list[str]:
    """The names of the columns that a file has, and of those that the folders above it name."""
    return list(dict.fromkeys([*file.names, *file.values]))


def read_columns(file: SoundFile, names: Collection[str]) -> Iterator[pa.Table]:
    """Yield the rows of a file in pieces, at least one: those columns of these names that it, or a folder's name, has.

    Raises:
        CorpusError: it cannot be read; the message names no file, and quotes nothing that is in it.
    """
    own = [name for name in dict.fromkeys(names) if name in file.names]
    said = {name: value for name, value in file.values.items() if name in names and name not in own}
    if not own:
        yield _with(said, pa.table({"rows": pa.nulls(file.rows)})).drop_columns(["rows"])
        return
    file_system, path = file_system_of(file.uri)
    try:
        with file_system.open_input_file(path) as stream, _opened(stream) as table:
            schema = pa.schema([table.schema_arrow.field(name) for name in own])
            batches = table.iter_batches(columns=own)
            pieces = (pa.table({name: batch[name] for name in own}, schema=schema) for batch in batches)
            piece = None
            for piece in pieces:
                yield _with(said, piece)
            if piece is None:
                yield _with(said, schema.empty_table())
    except pa.ArrowNotImplementedError as error:
        raise CorpusError(
            f"it has a column of a type that Arrow cannot read ({error}): leave that column out"
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"it is damaged ({type(error).__name__})") from None


def _opened(stream: pa.NativeFile) -> pq.ParquetFile:
    # Nanoseconds, in which INT96 are counted, end in 1677 and 2262.
    return pq.ParquetFile(stream, coerce_int96_timestamp_unit="us", arrow_extensions_enabled=True)


def _with(said: dict[str, str | None], rows: pa.Table) -> pa.Table:
    for name, value in said.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, pa.string()), len(rows)))
    return rows

"""Whom an erasure is about, as a file names them."""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from mh_batch.consent import Subjects
from mh_batch.errors import UsageError

_COLUMNS = ("author_id", "doc_id")


def subjects_of(authors: Collection[str], docs: Collection[str], file: Path | None) -> Subjects:
    """Return the authors and documents that are named, and those in the columns `author_id` and `doc_id` of a file.

    Args:
        authors: Plain identifiers.
        docs: Plain identifiers.
        file: Parquet, or CSV in UTF-8 with a header; empty cells name nobody.

    Raises:
        UsageError: an identifier is empty; the file cannot be read, has no such column, or names nobody. No message
            quotes an id.
    """
    named = _read(file) if file is not None else {name: frozenset[str]() for name in _COLUMNS}
    if "" in (*authors, *docs):
        raise UsageError("an empty identifier names nobody: give --author and --doc the ids that the corpus gives them")
    return Subjects(named["author_id"].union(authors), named["doc_id"].union(docs))


def _read(file: Path) -> dict[str, frozenset[str]]:
    try:
        table = pq.read_table(file) if file.suffix == ".parquet" else _csv(file)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{file} cannot be read as Parquet or CSV ({type(error).__name__})") from None
    if not set(_COLUMNS) & set(table.column_names):
        raise UsageError(f"{file} has neither a column author_id nor doc_id")
    named = {name: _ids(table, name) for name in _COLUMNS}
    if not any(named.values()):
        raise UsageError(f"{file} names nobody: the columns author_id and doc_id are empty")
    return named


def _csv(file: Path) -> pa.Table:
    # As text: 007 is another identifier than 7.
    types = csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.string()))
    return csv.read_csv(file, convert_options=types)


def _ids(table: pa.Table, name: str) -> frozenset[str]:
    if name not in table.column_names:
        return frozenset()
    return frozenset(id for id in table[name].cast(pa.string()).to_pylist() if id)

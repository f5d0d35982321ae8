"""The subjects of an erasure, as flags and a file name them."""

from collections.abc import Collection
from pathlib import Path

from mh_batch.consent import Subjects
from mh_batch.errors import CorpusError, UsageError
from mh_batch.sources.arrow_values import identifiers
from mh_batch.sources.file_listing import uri_of
from mh_batch.sources.lists import open_list
from mh_batch.sources.table_logs import check_surroundings

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
        check_surroundings(str(file.resolve()))
        listed = open_list(uri_of(file.absolute()), _COLUMNS)
        named: dict[str, set[str]] = {name: set() for name in _COLUMNS}
        for rows in listed.tables():
            for name in rows.column_names:
                named[name].update(id for id in identifiers(rows[name], name).to_pylist() if id)
    except CorpusError as error:
        raise UsageError(f"{file} cannot be read as Parquet or CSV: {error}") from None
    if not set(_COLUMNS) & set(listed.names):
        raise UsageError(f"{file} has neither a column author_id nor doc_id")
    if not any(named.values()):
        raise UsageError(f"{file} names nobody: the columns author_id and doc_id are empty")
    return {name: frozenset(ids) for name, ids in named.items()}

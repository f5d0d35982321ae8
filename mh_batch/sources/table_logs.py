"""Folders that are not what their files say: tables with a log of their own, and what a writer has not finished."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress

from mh_batch.common.filesystem import Folder
from mh_batch.errors import CorpusError, MhBatchError

# The log of a table, which lies with its data, and what the table is.
_LOGS = {"_delta_log": "a Delta table", ".hoodie": "a Hudi table"}
_ICEBERG_TABLE = "an Iceberg table"
_METADATA, _ICEBERG = "metadata", re.compile(r"\.metadata\.json(\.\w+)?$")

# Hive's transactional tables keep what is deleted or replaced in folders of these names.
_TRANSACTION = re.compile(r"^(base_\d{7,}|(delete_)?delta_\d{7,}_\d{7,})(_.*)?$")

# Where Spark, Hive and Kafka Connect write what is not yet part of the table.
_UNFINISHED = re.compile(r"^(_temporary|\.spark-staging.*|\.hive-staging.*|\+tmp)$")


def is_hidden(name: str) -> bool:
    """Whether Spark, Hive or Kafka Connect keep something else than data under this name."""
    return (name.startswith("_") and "=" not in name) or name.startswith(".") or bool(_UNFINISHED.match(name))


def is_unfinished(name: str) -> bool:
    """Whether Spark, Hive or Kafka Connect keep under this name what is not yet part of the table."""
    return bool(_UNFINISHED.match(name))


def may_be_table(folder: str, entries: Collection[str]) -> bool:
    """Whether the names of a folder and of what is in it are such that it is worth a look."""
    return _METADATA in entries or not _LOGS.keys().isdisjoint(entries) or bool(_TRANSACTION.match(folder))


def check_surroundings(location: str) -> None:
    """Check that a place is no table with a log, and lies in none, nor where something is still being written.

    Raises:
        CorpusError: it is or does.
    """
    for folder in _upwards(Folder.at(location)):
        if _UNFINISHED.match(folder.name):
            raise CorpusError(
                f"{location} lies in '{folder.name}', where a writer keeps what it has not finished: "
                "give the folder that it writes to, once it has"
            )
        refuse_logged_table(location, folder)


def refuse_logged_table(location: str, folder: Folder) -> None:
    """Check that a folder of an input, or one above it, is no table with a log.

    Raises:
        CorpusError: it is.
    """
    kind = "a transactional table of Hive" if _TRANSACTION.match(folder.name) else None
    with suppress(OSError, MhBatchError):  # what may not be looked into says nothing
        kind = kind or _kind_of(folder)
    if kind is None:
        return
    given, found = Folder.at(location).uri.rstrip("/"), folder.uri.rstrip("/")
    relation = "lies in" if given.startswith(f"{found}/") else "holds"
    where = f"{location} is" if given == found else f"{location} {relation} {found},"
    raise CorpusError(
        f"{where} {kind}, whose files are not its rows: some hold what was deleted or replaced. {_cure(kind, found)}"
    )


def _cure(kind: str, folder: str) -> str:
    """The name to give for a table so that its rows are read."""
    if kind == _LOGS["_delta_log"]:
        return f"Name it as one: --input delta:{folder}"
    if kind == _ICEBERG_TABLE:
        return f"Name it as one: --input iceberg:CATALOG.DATABASE.TABLE, or iceberg:{folder}/metadata/(the newest file)"
    return "Name it as Spark's catalog does, with its connector at hand: --input table:DATABASE.NAME"


def _kind_of(folder: Folder) -> str | None:
    for name, kind in _LOGS.items():
        if (folder / name).exists():
            return kind
    metadata = folder / _METADATA
    if metadata.exists() and any(map(_ICEBERG.search, metadata.names())):
        return _ICEBERG_TABLE
    return None


def _upwards(folder: Folder) -> Iterator[Folder]:
    """A folder and those above it, as far as names go."""
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/+", folder.uri)
    least = scheme.end() if scheme else 1
    while len(folder.uri) > least:
        yield folder
        above = folder.parent
        if len(above.uri) >= len(folder.uri):
            return
        folder = above

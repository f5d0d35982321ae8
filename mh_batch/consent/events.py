"""Holds the rows of a ledger against their contract. What is wrong is told by row, never by the id in it."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mh_batch.consent.standing import SCOPES
from mh_batch.contracts import load_contract
from mh_batch.errors import CorpusError, LedgerError, nearest
from mh_batch.sources.arrow_values import identifiers

GRANTED, WITHDRAWN = "granted", "withdrawn"

_HAS_ZONE = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|z|[+-]\d{2}(:?\d{2})?)$"
_NAMED = 10


def events_schema() -> pa.Schema:
    """Return the contract `consent`, and where each row stands: `file`, `row` (the first row of data is row 1)."""
    place = [pa.field("file", pa.string()), pa.field("row", pa.int64())]
    return pa.schema([*load_contract("consent").arrow_schema(), *place])


def conform(rows: pa.Table, source: str, first_row: int = 1) -> pa.Table:
    """Return the rows under `events_schema`.

    Args:
        rows: As the file has them; ids may be whole numbers, times may be text.
        source: The file, as the message of an error names it.
        first_row: Number of the first row.

    Raises:
        LedgerError: a column is missing or of another type, or a row breaks the contract.
    """
    _check_columns(rows.schema.names, source)
    try:
        columns = {name: _column(rows, name) for name in ("author_id", "doc_id", "scope", "event")}
    except CorpusError as error:
        raise LedgerError(f"{source}: {error}") from None
    at, problems = _times(_plain(rows["at"]), source)
    _raise_for({**dict(_faults(columns)), **problems}, source, first_row)
    place = {"file": pa.repeat(source, len(rows)), "row": np.arange(first_row, first_row + len(rows))}
    return pa.table({**columns, "at": at, **place}, schema=events_schema())


def refuse_copies(copies: pd.DataFrame) -> None:
    """Raise LedgerError if there are rows (`file`, `row`) that repeat another."""
    for file, rows in copies.groupby("file")["row"]:
        raise _error(str(file), {"the row stands there twice": sorted(rows)})


def _check_columns(names: list[str], source: str) -> None:
    for column in load_contract("consent").columns:
        if column.name not in names and not column.optional:
            raise LedgerError(f"{source} has no column '{column.name}': {nearest(column.name, names)}")
    if not {"author_id", "doc_id"} & set(names):
        raise LedgerError(f"{source} has neither a column 'author_id' nor 'doc_id': it is about nobody")


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of text; an empty string says nothing."""
    if name not in rows.schema.names:
        return pa.chunked_array([pa.nulls(len(rows), pa.string())])
    texts = identifiers(rows[name], name)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _times(at: pa.ChunkedArray, source: str) -> tuple[pa.ChunkedArray, dict[str, pa.ChunkedArray]]:
    """The times, and what is wrong with those that are none."""
    wanted = load_contract("consent").arrow_schema().field("at").type
    missing = {"'at' is missing": pc.is_null(at)}
    if (pa.types.is_timestamp(at.type) and at.type.tz is not None) or pa.types.is_null(at.type):
        return at.cast(wanted, safe=False), missing
    if pa.types.is_timestamp(at.type) or pa.types.is_date(at.type):
        raise LedgerError(f"{source}: the times in 'at' name no time zone; write them in UTC, and say so")
    if not (pa.types.is_string(at.type) or pa.types.is_large_string(at.type)):
        raise LedgerError(f"{source}: 'at' is {at.type}, expected a timestamp with a time zone, or ISO 8601 text")
    texts = pc.if_else(pc.equal(at, ""), None, at)
    parsed = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True, errors="coerce")
    times = pa.chunked_array([pa.Array.from_pandas(parsed)])
    none = pc.and_(pc.is_valid(texts), pc.is_null(times))
    naive = pc.and_(pc.is_valid(times), pc.invert(pc.match_substring_regex(texts, _HAS_ZONE)))
    problems = {"'at' is no time in ISO 8601": none, "'at' names no time zone": naive}
    return times.cast(wanted, safe=False), {"'at' is missing": pc.is_null(texts), **problems}


def _faults(columns: Mapping[str, pa.ChunkedArray]) -> Iterator[tuple[str, pa.ChunkedArray]]:
    author, doc = pc.is_valid(columns["author_id"]), pc.is_valid(columns["doc_id"])
    yield "both 'author_id' and 'doc_id' are given: a row is about one of them", pc.and_(author, doc)
    yield "neither 'author_id' nor 'doc_id' is given", pc.invert(pc.or_(author, doc))
    for name, known in (("scope", SCOPES), ("event", (GRANTED, WITHDRAWN))):
        yield f"'{name}' is none of {', '.join(known)}", pc.invert(pc.is_in(columns[name], pa.array(known)))


def _raise_for(faults: Mapping[str, pa.ChunkedArray], source: str, first_row: int) -> None:
    rows = {
        fault: [first_row + int(row) for row in pc.indices_nonzero(pc.fill_null(where, False)).to_numpy()]
        for fault, where in faults.items()
    }
    if any(rows.values()):
        raise _error(source, rows)


def _error(source: str, rows: Mapping[str, list[int]]) -> LedgerError:
    lines = [f"  - {fault}: {_named(found)}" for fault, found in rows.items() if found]
    return LedgerError("\n".join([f"{source} is no sound consent ledger (the first row of data is row 1):", *lines]))


def _named(rows: list[int]) -> str:
    more = " and others" if len(rows) > _NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} " + ", ".join(map(str, rows[:_NAMED])) + more

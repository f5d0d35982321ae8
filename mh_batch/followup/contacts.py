"""Whom an author wants to be reached by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import csv

from mh_batch.consent import FOLLOW_UP_SCOPES
from mh_batch.corpus.pseudonyms import PseudonymKey, author_key, hasher
from mh_batch.errors import ContactsError, nearest
from mh_batch.storage import file_system_of
from mh_batch.validation import Column, load_contract

CHANNELS = ("email", "webhook")
# No white space, so that nothing of an address can become a header of its own.
_ATOM = r"[^@\s<>()\[\]\\,;:\"\x00-\x1f]+"
_EMAIL = re.compile(rf"{_ATOM}@{_ATOM}\.{_ATOM}")


@dataclass(frozen=True)
class Contact:
    """Somebody whom an author named for a scope."""

    channel: str
    address: str = field(repr=False)
    language: str | None = None
    country: str | None = None
    reference: str | None = field(default=None, repr=False)

    def pseudonym(self, key: PseudonymKey) -> str:
        """Return what the log calls it."""
        return hasher(key, "recipient")(f"{self.channel}\0{self.address}".encode())


class Contacts:
    """The contacts by author, scope and channel."""

    def __init__(self, contacts: Mapping[tuple[str, str, str], Contact]) -> None:
        """Take contacts by `author_key`, scope and channel."""
        self._contacts = contacts

    def find(self, author_key: str, scope: str, channel: str) -> Contact | None:
        """Return whom to reach; None if the author named nobody for that."""
        return self._contacts.get((author_key, scope, channel))


def load_contacts(location: str, key: PseudonymKey) -> Contacts:
    """Read contacts from a Parquet or CSV file.

    Raises:
        ContactsError: there is none, or it breaks the contract; the message names rows, never what is in them.
    """
    contacts: dict[tuple[str, str, str], Contact] = {}
    for number, row in enumerate(_read(location).to_pylist(), 1):
        problem = _problem(row)
        subject = author_key(key, str(row["author_id"])), str(row["scope"]), str(row["channel"])
        if problem is None and subject in contacts:
            problem = "the author has another contact for this scope and channel; leave one"
        if problem:
            raise ContactsError(f"{location}, row {number}: {problem}")
        contacts[subject] = _contact(row)
    return Contacts(contacts)


def _contact(row: Mapping[str, Any]) -> Contact:
    language = (row["language"] or "").partition("-")[0].lower() or None
    country = (row["country"] or "").upper() or None
    return Contact(row["channel"], row["address"], language, country, row["reference"])


def _problem(row: Mapping[str, Any]) -> str | None:
    for name, known in (("scope", FOLLOW_UP_SCOPES), ("channel", CHANNELS)):
        if row[name] not in known:
            return f"'{name}' is none of {', '.join(known)}"
    for name in ("author_id", "address"):
        if not row[name]:
            return f"'{name}' is missing"
    if row["channel"] == "email" and not _EMAIL.fullmatch(row["address"]):
        return "'address' is no e-mail address (name@domain)"
    return None


def _read(location: str) -> pa.Table:
    contract = load_contract("contacts")
    file_system, path = file_system_of(location)
    # Ids stay as they are written, zeros in front included.
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(contract.names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    kind = ds.CsvFileFormat(convert_options=convert) if path.endswith(".csv") else "parquet"
    try:
        table = ds.dataset(path, filesystem=file_system, format=kind).to_table()
        columns = [_column(table, column, location) for column in contract.columns]
    except (pa.ArrowException, OSError):  # their messages quote rows
        raise ContactsError(f"{location} cannot be read as a Parquet or CSV file of contacts") from None
    return pa.table(columns, names=contract.names)


def _column(table: pa.Table, column: Column, location: str) -> pa.ChunkedArray:
    if column.name in table.column_names:
        return table[column.name].cast(pa.string())
    if column.optional:
        return pa.chunked_array([pa.nulls(len(table), pa.string())])
    raise ContactsError(f"{location} has no column '{column.name}': {nearest(column.name, table.column_names)}")

"""Contacts: the people by whom an author wants to be reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from mh_batch.consent import FOLLOW_UP_SCOPES
from mh_batch.contracts import Column, load_contract
from mh_batch.errors import ContactsError, CorpusError, nearest
from mh_batch.pseudonyms import PseudonymKey, author_key, hasher
from mh_batch.sources.arrow_values import identifiers
from mh_batch.sources.file_listing import files_at
from mh_batch.sources.lists import ListFile, open_list

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
        """Return whom to reach; None if the author named nobody for that.

        Args:
            author_key: The author's pseudonym.
            scope: What the contact is for.
            channel: One of `CHANNELS`.
        """
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
    try:
        files = files_at(location, set())
        parts = [_columns(open_list(file, contract.names), location) for file in files]
    except CorpusError as error:
        raise ContactsError(f"{location} cannot be read as Parquet or CSV of contacts: {error}") from None
    return pa.concat_tables([pa.schema([(name, pa.string()) for name in contract.names]).empty_table(), *parts])


def _columns(listed: ListFile, location: str) -> pa.Table:
    columns = load_contract("contacts").columns
    for column in columns:
        if column.name not in listed.names and not column.optional:
            raise ContactsError(f"{location} has no column '{column.name}': {nearest(column.name, listed.names)}")
    parts = [pa.table({column.name: _column(rows, column) for column in columns}) for rows in listed.tables()]
    return pa.concat_tables(parts)


def _column(rows: pa.Table, column: Column) -> pa.ChunkedArray:
    if column.name not in rows.column_names:
        return pa.chunked_array([pa.nulls(len(rows), pa.string())])
    return identifiers(rows[column.name], column.name)

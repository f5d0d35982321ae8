"""A consent ledger in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
import pyarrow as pa

from mh_batch.consent.events import GRANTED, WITHDRAWN, conform, events_schema, refuse_copies
from mh_batch.consent.files import LedgerFiles
from mh_batch.consent.standing import SCOPES, Standing, Subjects
from mh_batch.contracts import load_contract
from mh_batch.errors import UsageError

_SUBJECT = ["author_id", "doc_id", "scope"]


@dataclass(frozen=True)
class ConsentLedger:
    """The consent ledger: grants and withdrawals with their times.

    Attributes:
        events: Rows under the contract `consent`; times in UTC.
    """

    events: pd.DataFrame = field(repr=False)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> ConsentLedger:
        """Return the ledger that a table with the columns of the contract is.

        Raises:
            LedgerError: it breaks the contract; the message names rows, never ids.
        """
        names = [name for name in load_contract("consent").names if name in frame.columns]
        plain = frame[names].assign(**{"at": frame["at"].map(_as_text)} if _holds_objects(frame) else {})
        return cls._of([conform(pa.Table.from_pandas(plain, preserve_index=False), "the table")])

    @classmethod
    def open(cls, location: str) -> ConsentLedger:
        """Read a ledger from a Parquet or CSV file, or a folder of them, on any file system that Arrow knows.

        Raises:
            LedgerError: there is none, or it breaks the contract.
        """
        return cls.read(LedgerFiles.at(location))

    @classmethod
    def read(cls, files: LedgerFiles) -> ConsentLedger:
        """Read a ledger from files that were found; errors as of `open`."""
        return cls._of(files.tables())

    @classmethod
    def _of(cls, tables: Iterable[pa.Table]) -> ConsentLedger:
        frame = pa.concat_tables([events_schema().empty_table(), *tables]).to_pandas()
        names = load_contract("consent").names
        refuse_copies(frame[frame.duplicated(names)])
        return cls(frame[names])

    def at(self, moment: datetime) -> Standing:
        """Return what holds at a moment; later events do not exist.

        Raises:
            UsageError: the moment has no time zone.
        """
        if moment.tzinfo is None:
            raise UsageError("the moment that a consent ledger is read as of needs a time zone")
        known = self.events[self.events["at"] <= moment]
        ordered = known.assign(is_withdrawal=known["event"] == WITHDRAWN).sort_values(["at", "is_withdrawal"])
        last = ordered.drop_duplicates(_SUBJECT, keep="last")
        return Standing(_by_scope(last[last["event"] == GRANTED]), _by_scope(last[last["event"] == WITHDRAWN]))


def _by_scope(rows: pd.DataFrame) -> dict[str, Subjects]:
    return {scope: _subjects(rows[rows["scope"] == scope]) for scope in SCOPES}


def _subjects(rows: pd.DataFrame) -> Subjects:
    return Subjects(frozenset(rows["author_id"].dropna()), frozenset(rows["doc_id"].dropna()))


def _holds_objects(frame: pd.DataFrame) -> bool:
    return "at" in frame.columns and frame["at"].dtype == object


def _as_text(value: object) -> object:
    """Arrow takes a datetime without a zone for one in UTC if others of its column have one."""
    return value.isoformat() if isinstance(value, datetime) and not pd.isna(value) else value

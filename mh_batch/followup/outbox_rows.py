"""Rows of the outbox, and the attempts to deliver them."""

from __future__ import annotations

import getpass
import os
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from mh_batch.contracts import load_contract
from mh_batch.pseudonyms import PseudonymKey, hasher

Outcome = Literal["delivered", "failed", "dead_letter", "withheld"]


def this_user() -> str:
    """Return the name of the user of this process, or the number where the system knows no name, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@dataclass(frozen=True, order=True)
class Evidence:
    """A document that counts, with the probability that the model gave; ordered by when it was written."""

    created_at: datetime
    doc_id: str
    p: float


@dataclass(frozen=True)
class OutboxRow:
    """One row of the contract `outbox`."""

    outbox_id: str
    author_key: str
    rule: str
    action: str
    scope: str
    occasion_at: datetime
    expires_at: datetime
    issued_at: datetime
    issued_by: str
    run_id: str
    policy_name: str
    policy_digest: str
    documents: int
    evidence: tuple[Evidence, ...]
    evidence_in: tuple[str, ...]
    language: str | None
    country: str | None

    @classmethod
    def read(cls, row: dict[str, Any]) -> OutboxRow:
        """Return the row that a table holds."""
        evidence = tuple(Evidence(**document) for document in row["evidence"])
        return cls(**{**row, "evidence": evidence, "evidence_in": tuple(row["evidence_in"])})


def outbox_id(key: PseudonymKey, author_key: str, rule: str, action: str, occasion_at: datetime) -> str:
    """Return the id of an occasion, 32 hexadecimal digits, the same whenever it is issued.

    Args:
        key: The root's key.
        author_key: The author's pseudonym.
        rule: Name of the rule.
        action: What is to be done.
        occasion_at: When the newest document that counts was written.
    """
    occasion = "\0".join((author_key, rule, action, occasion_at.isoformat()))
    return hasher(key, "outbox")(occasion.encode())


def as_table(rows: Sequence[Any], contract: str) -> pa.Table:
    """Return dataclass instances as a table under the contract of that name."""
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=load_contract(contract).arrow_schema())


@dataclass(frozen=True)
class Attempt:
    """One row of the contract `deliveries`."""

    attempt_id: str
    outbox_id: str
    author_key: str
    sink: str
    recipient: str | None
    attempt: int
    outcome: Outcome
    detail: str | None
    at: datetime
    delivered_by: str


def new_attempt(
    row: OutboxRow, sink: str, recipient: str | None, number: int, outcome: Outcome, detail: str, delivered_by: str
) -> Attempt:
    """Return what is to be logged of a row now.

    Args:
        row: The row.
        sink: Name of the sink.
        recipient: Pseudonym of who was to be reached; None if nobody was.
        number: The number of the attempt, from 1; 0 where nothing was sent.
        outcome: How it ended.
        detail: Why; never what a receiver said.
        delivered_by: Who delivers.
    """
    return Attempt(
        attempt_id=secrets.token_hex(16),
        outbox_id=row.outbox_id,
        author_key=row.author_key,
        sink=sink,
        recipient=recipient,
        attempt=number,
        outcome=outcome,
        detail=detail,
        at=datetime.now(UTC),
        delivered_by=delivered_by,
    )


@dataclass
class History:
    """The log of deliveries by row, with regard to one sink."""

    withheld: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, attempts: Iterable[Attempt], sink: str) -> History:
        """Read the log. What is withheld is so for every sink."""
        history = cls()
        for attempt in attempts:
            if attempt.outcome == "withheld":
                history.withheld.add(attempt.outbox_id)
            elif attempt.sink == sink:
                history._add(attempt)
        return history

    def _add(self, attempt: Attempt) -> None:
        self.tried[attempt.outbox_id] += 1
        if attempt.outcome == "delivered":
            self.delivered.add(attempt.outbox_id)
        elif attempt.outcome == "dead_letter":
            self.dead.add(attempt.outbox_id)

    def is_open(self, outbox_id: str, retry_dead: bool) -> bool:
        """Return whether a row is still to be delivered."""
        closed = self.withheld | self.delivered
        return outbox_id not in closed and (retry_dead or outbox_id not in self.dead)

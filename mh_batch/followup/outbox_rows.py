"""What an outbox row says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from mh_batch.contracts import load_contract
from mh_batch.pseudonyms.hashing import PseudonymKey, hasher


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
    """Return the id of an occasion, 32 hexadecimal digits, the same whenever it is issued."""
    occasion = "\0".join((author_key, rule, action, occasion_at.isoformat()))
    return hasher(key, "outbox")(occasion.encode())


def as_table(rows: Sequence[Any], contract: str) -> pa.Table:
    """Return dataclass instances as a table under the contract of that name."""
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=load_contract(contract).arrow_schema())

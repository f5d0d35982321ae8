"""What became of outbox rows."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from mh_batch.followup.outbox_rows import OutboxRow

Outcome = Literal["delivered", "failed", "dead_letter", "withheld"]


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
    """Return what is to be logged of a row now."""
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
    """What the log says of rows, with regard to one sink."""

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

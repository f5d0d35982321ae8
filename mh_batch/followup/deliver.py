"""Delivers the outbox: looks at consent once more, tries, writes down what became of each attempt."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from mh_batch.corpus.pseudonyms import PseudonymKey
from mh_batch.followup.attempts import Attempt, History, Outcome
from mh_batch.followup.contacts import Contact, Contacts
from mh_batch.followup.help_lines import HelpLines
from mh_batch.followup.notice import notice_of
from mh_batch.followup.outbox import Outbox
from mh_batch.followup.outbox_rows import OutboxRow
from mh_batch.followup.sinks import Answer, Sink
from mh_batch.followup.standing_consent import StandingConsent
from mh_batch.followup.user import this_user
from mh_batch.patience import pauses
from mh_batch.scoring.layout import new_run_id
from mh_batch.scoring.progress import announce

# Whoever asks us to wait longer is asked again by the next delivery.
_LONGEST_WAIT_SECONDS = 300.0
# So many rows in a row that nobody takes: it is not them. Trying the others would only use up their attempts.
_STOP_AFTER = 5

Ended = Literal["delivered", "failed", "dead_letter", "withheld", "no_contact"]


@dataclass(frozen=True)
class Terms:
    """How a delivery is made.

    Attributes:
        attempts: After so many, in all deliveries together, a row is given up.
        retry_dead: Try once more what was given up.
        delivered_by: Who asks for it.
        moment: Consent holds as of then; with a time zone.
        sleep: Waits so many seconds.
    """

    attempts: int = 5
    retry_dead: bool = False
    delivered_by: str = field(default_factory=this_user)
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Delivery:
    """Delivers to one sink.

    Attributes:
        outbox: What is delivered.
        sink: Where to; None for readers of the outbox itself, for whom the log says what may be acted upon.
        consent: Who still agrees.
        contacts: Whom to reach.
        help_lines: What messages recommend.
        key: The root's key.
        terms: How.
    """

    outbox: Outbox
    sink: Sink | None
    consent: StandingConsent
    contacts: Contacts
    help_lines: HelpLines
    key: PseudonymKey
    terms: Terms

    def preview(self) -> Counter[str]:
        """Return what would become of the open rows, without sending or writing: to_send, withheld, no_contact."""
        history = History.of(self.outbox.attempts(), self._name)
        return Counter(self._obstacle(row) or "to_send" for row in self._open(history))

    def run(self) -> Counter[Ended]:
        """Deliver the open rows; return how many ended in which way.

        Raises:
            BusyError: somebody else issues or delivers, or deletes what is in the root.
            DeliveryError: the sink cannot be used as it is set up.
        """
        with self.outbox.alone(f"deliver-{new_run_id()}") as check_lease:
            history = History.of(self.outbox.attempts(), self._name)
            rows = self._open(history)
            settled = {row.outbox_id: attempt for row in rows if (attempt := self._settled(row)) is not None}
            self.outbox.log(list(settled.values()))
            ended: Counter[Ended] = Counter(attempt.outcome for attempt in settled.values())
            to_send = [row for row in rows if row.outbox_id not in settled]
            announce(f"{len(to_send):,} rows of the outbox to send to {self._name}, {len(settled):,} settled without")
            for outcome in self._send_all(to_send, history, check_lease):
                ended[outcome] += 1
            self.outbox.compact_log()
        return ended

    @property
    def _name(self) -> str:
        return self.sink.name if self.sink else "parquet"

    def _open(self, history: History) -> list[OutboxRow]:
        return [row for row in self.outbox.rows() if history.is_open(row.outbox_id, self.terms.retry_dead)]

    def _obstacle(self, row: OutboxRow) -> Literal["withheld", "no_contact"] | None:
        if self._reason_to_withhold(row):
            return "withheld"
        return "no_contact" if self.sink and self._contact(row, self.sink) is None else None

    def _reason_to_withhold(self, row: OutboxRow) -> str | None:
        if len(row.evidence) < row.documents:
            return "erased"
        if not self.consent.covers(row):
            return "consent"
        return "expired" if self.terms.moment > row.expires_at else None

    def _contact(self, row: OutboxRow, sink: Sink) -> Contact | None:
        return self.contacts.find(row.author_key, row.scope, sink.channel)

    def _settled(self, row: OutboxRow) -> Attempt | None:
        """What is to be logged of a row that nothing is sent for."""
        reason = self._reason_to_withhold(row)
        if reason:
            return self._attempt(row, None, 0, "withheld", reason)
        return None if self.sink else self._attempt(row, None, 0, "delivered", "outbox")

    def _send_all(self, rows: list[OutboxRow], history: History, check_lease: Callable[[], None]) -> Iterator[Ended]:
        in_vain = 0
        for row in rows:
            check_lease()
            outcome = self._send(row, history)
            yield outcome
            in_vain = in_vain + 1 if outcome in ("failed", "dead_letter") else 0
            if in_vain == _STOP_AFTER:
                announce(f"the last {in_vain} rows could not be delivered: stopping; all others stay open")
                return

    def _send(self, row: OutboxRow, history: History) -> Ended:
        assert self.sink is not None  # or all rows are settled
        contact = self._contact(row, self.sink)
        if contact is None:
            return "no_contact"
        before = 0 if row.outbox_id in history.dead else history.tried[row.outbox_id]
        return self._try(row, self.sink, contact, before)

    def _try(self, row: OutboxRow, sink: Sink, contact: Contact, before: int) -> Ended:
        notice = notice_of(row, contact, sink.name, self.help_lines)
        for number, pause in enumerate(pauses(max(1, self.terms.attempts - before)), before + 1):
            answer = sink.send(notice)
            outcome = self._outcome(answer, number)
            self.outbox.log([self._attempt(row, contact, number, outcome, answer.detail)])
            wait = max(pause, answer.retry_after or 0.0)
            if outcome != "failed" or wait > _LONGEST_WAIT_SECONDS:
                break
            self.terms.sleep(wait)
        return outcome

    def _outcome(self, answer: Answer, number: int) -> Outcome:
        if answer.delivered:
            return "delivered"
        return "failed" if answer.may_retry and number < self.terms.attempts else "dead_letter"

    def _attempt(self, row: OutboxRow, contact: Contact | None, number: int, outcome: Outcome, detail: str) -> Attempt:
        return Attempt(
            attempt_id=secrets.token_hex(16),
            outbox_id=row.outbox_id,
            author_key=row.author_key,
            sink=self._name,
            recipient=contact.pseudonym(self.key) if contact else None,
            attempt=number,
            outcome=outcome,
            detail=detail,
            at=datetime.now(UTC),
            delivered_by=self.terms.delivered_by,
        )

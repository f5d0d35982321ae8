"""Delivery of the outbox: consent is looked at once more, and what became of each attempt is logged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from mh_batch.common.backoff import pauses
from mh_batch.common.console import announce
from mh_batch.followup.contacts import Contact, Contacts
from mh_batch.followup.notices import HelpLines, notice_of
from mh_batch.followup.outbox import Outbox
from mh_batch.followup.outbox_rows import Attempt, History, OutboxRow, Outcome, new_attempt, this_user
from mh_batch.followup.sinks import Sink, SinkResponse
from mh_batch.followup.standing_consent import StandingConsent
from mh_batch.output import new_run_id
from mh_batch.pseudonyms import PseudonymKey

# Whoever asks us to wait longer is asked again by the next delivery.
_LONGEST_WAIT_SECONDS = 300.0

# So many rows in a row that nobody takes: it is not them. Trying the others would only use up their attempts.
_STOP_AFTER = 5

Ended = Literal["delivered", "failed", "dead_letter", "withheld", "no_contact"]


@dataclass(frozen=True)
class Terms:
    """The terms of a delivery.

    Attributes:
        attempts: After so many, in all deliveries together, a row is given up.
        retry_dead: Try once more what was given up.
        delivered_by: Who asks for it.
        moment: What has expired by then is withheld; with a time zone.
        sleep: Waits so many seconds.
    """

    attempts: int = 5
    retry_dead: bool = False
    delivered_by: str = field(default_factory=this_user)
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Sender:
    """A sender to one sink; attributes as those of `Delivery`."""

    outbox: Outbox
    sink: Sink
    help_lines: HelpLines
    key: PseudonymKey
    terms: Terms

    def send(self, row: OutboxRow, contact: Contact, before: int, is_withheld: Callable[[], bool]) -> Outcome:
        """Try until the row is delivered, given up or withheld, or the receiver asks for too long a wait.

        Args:
            row: The row.
            contact: Whom to reach.
            before: Attempts of earlier deliveries that count.
            is_withheld: Looks again, after each wait, whether the row may still be sent; logs it if not.
        """
        notice = notice_of(row, contact, self.sink.name, self.help_lines)
        recipient = contact.pseudonym(self.key)
        for number, pause in enumerate(pauses(max(1, self.terms.attempts - before)), before + 1):
            answer = self.sink.send(notice)
            outcome = self._outcome(answer, number)
            by = self.terms.delivered_by
            self.outbox.log([new_attempt(row, self.sink.name, recipient, number, outcome, answer.detail, by)])
            wait = max(pause, answer.retry_after or 0.0)
            if outcome != "failed" or wait > _LONGEST_WAIT_SECONDS:
                break
            self.terms.sleep(wait)
            if is_withheld():
                return "withheld"
        return outcome

    def _outcome(self, answer: SinkResponse, number: int) -> Outcome:
        if answer.delivered:
            return "delivered"
        return "failed" if answer.may_retry and number < self.terms.attempts else "dead_letter"


@dataclass(frozen=True)
class Delivery:
    """A delivery to one sink.

    Attributes:
        outbox: What is delivered.
        sink: Where to; None for readers of the outbox itself, for whom the log says what may be acted upon.
        consent: Gives who agrees, as of the moment that it is called.
        contacts: Whom to reach.
        help_lines: What messages recommend.
        key: The root's key.
        terms: How.
    """

    outbox: Outbox
    sink: Sink | None
    consent: Callable[[], StandingConsent]
    contacts: Contacts
    help_lines: HelpLines
    key: PseudonymKey
    terms: Terms

    def preview(self) -> Counter[str]:
        """Return what would become of the open rows, without sending or writing: to_send, withheld, no_contact."""
        history, consent = History.of(self.outbox.attempts(), self._name), self.consent()
        return Counter(self._obstacle(row, consent) or "to_send" for row in self._open(history))

    def run(self) -> Counter[Ended]:
        """Deliver the open rows; return how many ended in which way.

        Raises:
            BusyError: somebody else issues or delivers, or deletes what is in the root.
            DeliveryError: the sink cannot be used as it is set up, or the consent ledger is no longer sound.
            KeyFileError: the root's key has been rotated since it was read.
        """
        with self.outbox.locked(f"deliver-{new_run_id()}", self.key) as check_lease:
            history, consent = History.of(self.outbox.attempts(), self._name), self.consent()
            rows = self._open(history)
            settled = {row.outbox_id: attempt for row in rows if (attempt := self._settled(row, consent)) is not None}
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

    def _obstacle(self, row: OutboxRow, consent: StandingConsent) -> Literal["withheld", "no_contact"] | None:
        if self._reason_to_withhold(row, consent):
            return "withheld"
        return "no_contact" if self.sink and self._contact(row, self.sink) is None else None

    def _reason_to_withhold(self, row: OutboxRow, consent: StandingConsent) -> str | None:
        if len(row.evidence) < row.documents:
            return "erased"
        if not consent.covers(row):
            return "consent"
        return "expired" if self.terms.moment > row.expires_at else None

    def _contact(self, row: OutboxRow, sink: Sink) -> Contact | None:
        return self.contacts.find(row.author_key, row.scope, sink.channel)

    def _settled(self, row: OutboxRow, consent: StandingConsent) -> Attempt | None:
        """The entry of the log for a row that nothing is sent for."""
        reason = self._reason_to_withhold(row, consent)
        if reason:
            return self._attempt(row, "withheld", reason)
        return None if self.sink else self._attempt(row, "delivered", "outbox")

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
        if self._is_withheld(row):
            return "withheld"
        contact = self._contact(row, self.sink)
        if contact is None:
            return "no_contact"
        before = 0 if row.outbox_id in history.dead else history.tried[row.outbox_id]
        sender = Sender(self.outbox, self.sink, self.help_lines, self.key, self.terms)
        return sender.send(row, contact, before, partial(self._is_withheld, row))

    def _is_withheld(self, row: OutboxRow) -> bool:
        """Return whether a row may not be sent as of now; that is logged."""
        reason = self._reason_to_withhold(row, self.consent())
        if reason:
            self.outbox.log([self._attempt(row, "withheld", reason)])
        return reason is not None

    def _attempt(self, row: OutboxRow, outcome: Outcome, detail: str) -> Attempt:
        return new_attempt(row, self._name, None, 0, outcome, detail, self.terms.delivered_by)

"""Tries to send one row, and writes down what became of each attempt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mh_batch.common.backoff import pauses
from mh_batch.followup.attempts import Outcome, new_attempt
from mh_batch.followup.contacts import Contact
from mh_batch.followup.help_lines import HelpLines
from mh_batch.followup.notice import notice_of
from mh_batch.followup.outbox import Outbox
from mh_batch.followup.outbox_rows import OutboxRow
from mh_batch.followup.sinks import Answer, Sink
from mh_batch.followup.user import this_user
from mh_batch.pseudonyms.hashing import PseudonymKey

# Whoever asks us to wait longer is asked again by the next delivery.
_LONGEST_WAIT_SECONDS = 300.0


@dataclass(frozen=True)
class Terms:
    """How a delivery is made.

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
    """Sends to one sink; attributes as those of `Delivery`."""

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

    def _outcome(self, answer: Answer, number: int) -> Outcome:
        if answer.delivered:
            return "delivered"
        return "failed" if answer.may_retry and number < self.terms.attempts else "dead_letter"

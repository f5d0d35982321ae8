"""Outboxes, sinks and deliveries for the tests."""

from collections.abc import Callable, Iterable
from pathlib import Path

from mh_batch.followup import Contacts, Delivery, Outbox, Sink, StandingConsent, Terms
from mh_batch.followup.contacts import Contact
from mh_batch.followup.notices import Notice, load_help_lines
from mh_batch.followup.sinks import SinkResponse
from mh_batch.followup.standing_consent import in_pseudonyms
from mh_batch.output import OutputRoot
from mh_batch.pseudonyms import author_key
from tests.consent.histories import AUTHORS, Event, moment
from tests.followup.policies import KEY, NAMES, due, evidence, granted, ledger_of, policy
from tests.followup.receivers import Clock

HELP = load_help_lines()
CONSENTS = [granted(author) for author in AUTHORS]
CONTACTS = Contacts(
    {(author_key(KEY, name), "self_help", "webhook"): Contact("webhook", f"{name}@home") for name in AUTHORS}
)


class Meanwhile:
    """A sink that takes everything; while it takes the first row, something happens."""

    name, channel = "webhook", "webhook"

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens, self.sent = happens, list[Notice]()

    def send(self, notice: Notice) -> SinkResponse:
        self.sent.append(notice)
        if len(self.sent) == 1:
            self.happens()
        return SinkResponse(True, "http 200")


class Scripted:
    """A sink that gives its answers in turn, and then takes everything; it honours keys as a receiver should."""

    name, channel = "webhook", "webhook"

    def __init__(self, *answers: SinkResponse) -> None:
        self.answers, self.sent = list(answers), list[Notice]()

    def send(self, notice: Notice) -> SinkResponse:
        self.sent.append(notice)
        return self.answers.pop(0) if self.answers else SinkResponse(True, "http 200")

    def people(self) -> list[str]:
        return [NAMES[notice.row.author_key] for notice in self.sent]


FAILED, REFUSED = SinkResponse(False, "http 503", may_retry=True), SinkResponse(False, "http 400")


def issued(folder: Path, events: Iterable[Event] = CONSENTS, authors: Iterable[str] = AUTHORS) -> Outbox:
    """An outbox with a row for each author who agrees on day 3."""
    outbox = Outbox(OutputRoot.at(str(folder)))
    documents = {author: [evidence(f"{author}-1", 1), evidence(f"{author}-2", 2)] for author in authors}
    outbox.issue(due(policy(), documents, events, 3))
    return outbox


def delivery(
    outbox: Outbox,
    sink: Sink | None,
    events: Iterable[Event] = CONSENTS,
    day: float = 4,
    contacts: Contacts = CONTACTS,
    **terms: object,
) -> Delivery:
    made = Terms(**{"moment": moment(day), "delivered_by": "tester", "sleep": Clock(), **terms})  # type: ignore[arg-type]
    standing = StandingConsent(in_pseudonyms(ledger_of(events), KEY), moment(day))
    return Delivery(outbox, sink, lambda: standing, contacts, HELP, KEY, made)


def outcomes(outbox: Outbox) -> list[tuple[str, str | None]]:
    return [(attempt.outcome, attempt.detail) for attempt in outbox.attempts()]

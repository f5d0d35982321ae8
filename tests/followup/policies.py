"""Policies, documents and rows for the tests of follow-ups."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from mh_batch.consent import ConsentLedger, Standing
from mh_batch.followup import Policy, Rule
from mh_batch.followup.issuing import Candidate, Issue, due_rows
from mh_batch.followup.outbox_rows import Evidence, OutboxRow
from mh_batch.followup.standing_consent import Permission, in_pseudonyms
from mh_batch.pseudonyms import PseudonymKey, author_key
from tests.consent.histories import AUTHORS, Event, frame, moment

KEY = PseudonymKey((bytes(range(32)),))
NAMES = {author_key(KEY, name): name for name in AUTHORS}


def rule(**changes: Any) -> Rule:
    plain = {
        "name": "two-in-three-days",
        "model": "m",
        "label": "depressed",
        "threshold": 0.8,
        "documents": 2,
        "within_days": 3,
        "cool_down_days": 4,
        "scope": "self_help",
        "action": "send-help",
    }
    return Rule(**{**plain, **changes})


def policy(*rules: Rule) -> Policy:
    return Policy(name="example", rules=rules or (rule(),))


def evidence(doc_id: str, day: float, p: float = 0.9) -> Evidence:
    return Evidence(moment(day), doc_id, p)


def issue_of(made: Policy, at: datetime) -> Issue:
    return Issue(made, "run-1", at, "tester", KEY)


def ledger_of(events: Iterable[Event]) -> ConsentLedger:
    return ConsentLedger.of(frame(list(events)))


@lru_cache(maxsize=1)
def standing(events: tuple[Event, ...], at: datetime) -> Standing:
    return in_pseudonyms(ledger_of(events), KEY).at(at)


def granted(author: str = "ada", scope: str = "self_help", day: int = 0) -> Event:
    return Event(("author_id", author), scope, "granted", day)


def withdrawn(author: str = "ada", scope: str = "self_help", day: int = 0) -> Event:
    return Event(("author_id", author), scope, "withdrawn", day)


def due(
    made: Policy,
    documents: Mapping[str, Sequence[Evidence]],
    events: Iterable[Event],
    day: float,
    past: Iterable[OutboxRow] = (),
) -> list[OutboxRow]:
    """What is due, with every author as a candidate of every rule."""
    said = standing(tuple(events), moment(day))
    permissions: dict[str, Permission] = {one.scope: Permission.of(said, one.scope) for one in made.rules}
    candidates = [
        Candidate(one, author_key(KEY, author), tuple(own)) for one in made.rules for author, own in documents.items()
    ]
    return due_rows(issue_of(made, moment(day)), candidates, permissions, past)


def author_of(row: OutboxRow) -> str:
    return NAMES[row.author_key]

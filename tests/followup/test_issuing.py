from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings, strategies as st

from mh_batch.followup import Policy, Rule
from mh_batch.followup.outbox_rows import Evidence, OutboxRow
from tests.consent.histories import AUTHORS, DOCS, Event, histories, may_be_used, moment
from tests.followup.policies import author_of, due, evidence, granted, policy, rule, withdrawn

SCOPES = ("research", "self_help", "notify_therapist")
RULES = policy(
    rule(),
    rule(name="one-very-sure", threshold=0.95, documents=1, within_days=1, max_age_days=2),
    rule(name="three-for-a-therapist", documents=3, scope="notify_therapist", action="notify", cool_down_days=5),
)

Documents = dict[str, list[Evidence]]


@st.composite
def texts(draw: st.DrawFn, days: float = 12) -> Documents:
    """Documents by author; some of the ids are those that the ledger may speak of."""
    drawn: Documents = {}
    ids = [*DOCS, *(f"other{i}" for i in range(8))]
    for doc_id in draw(st.lists(st.sampled_from(ids), unique=True)):
        hours, p = draw(st.integers(0, int(24 * days))), draw(st.sampled_from([0.5, 0.8, 0.9, 0.97]))
        drawn.setdefault(draw(st.sampled_from(AUTHORS)), []).append(evidence(doc_id, hours / 24, p))
    return drawn


def agreed(events: Sequence[Event], one: Rule, author: str, doc_id: str, day: float) -> bool:
    """A score exists, so somebody had agreed to research; it must not have been withdrawn."""
    asked = may_be_used(events, one.scope, author, doc_id, None, day)
    return asked and may_be_used(events, "research", author, doc_id, ("research",), day)


def rule_of(row: OutboxRow, made: Policy = RULES) -> Rule:
    return next(one for one in made.rules if one.name == row.rule)


@given(histories(SCOPES, days=12), texts(), st.lists(st.integers(0, 14), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_no_row_without_consent_evidence_and_cool_down_whenever_it_is_looked_for(
    events: list[Event], documents: Documents, days: list[int]
) -> None:
    issued: list[OutboxRow] = []
    for day in days:  # also back in time, as when an older run is followed up after a newer one
        fresh = due(RULES, documents, events, day, issued)
        assert due(RULES, documents, events, day, [*issued, *fresh]) == []
        for row in fresh:
            one = rule_of(row)
            assert len(row.evidence) == one.documents
            assert all(agreed(events, one, author_of(row), document.doc_id, day) for document in row.evidence)
            assert all(document in documents[author_of(row)] for document in row.evidence)
            assert all(document.p >= one.threshold for document in row.evidence)
            assert max(e.created_at for e in row.evidence) == row.occasion_at <= moment(day)
            assert row.occasion_at - min(e.created_at for e in row.evidence) < timedelta(days=one.within_days)
            assert row.occasion_at >= moment(day - one.max_age_days)
        issued += fresh
    for first, second in combinations(issued, 2):
        if (first.author_key, first.action) == (second.author_key, second.action):
            longest = {"send-help": 4, "notify": 5}[first.action]
            assert abs(first.occasion_at - second.occasion_at) >= timedelta(days=longest)
    assert len({row.outbox_id for row in issued}) == len(issued)


@given(histories(SCOPES, days=12), texts())
@settings(max_examples=60, deadline=None)
def test_an_author_has_a_row_exactly_if_some_documents_meet_the_rule(events: list[Event], documents: Documents) -> None:
    day, one = 12, rule()
    rows = due(policy(one), documents, events, day)
    for author in AUTHORS:
        own = [
            document.created_at
            for document in documents.get(author, [])
            if document.p >= 0.8 and agreed(events, one, author, document.doc_id, day)
        ]
        met = [max(pair) for pair in combinations(own, 2) if abs(pair[0] - pair[1]) < timedelta(days=3)]
        assert [row.occasion_at for row in rows if author_of(row) == author] == ([max(met)] if met else [])


def test_the_newest_occasion_counts_and_its_newest_documents_are_the_evidence() -> None:
    documents = {"ada": [evidence("a", 1), evidence("b", 2), evidence("c", 6), evidence("d", 7), evidence("e", 8)]}
    (row,) = due(policy(), documents, [granted()], day=9)
    assert [document.doc_id for document in row.evidence] == ["d", "e"]
    assert row.occasion_at == moment(8)


def test_exactly_the_days_of_the_window_apart_is_too_far() -> None:
    just_within = {"ada": [evidence("a", 1), evidence("b", 3.99)]}
    just_outside = {"ada": [evidence("a", 1), evidence("b", 4)]}
    assert len(due(policy(), just_within, [granted()], day=5)) == 1
    assert due(policy(), just_outside, [granted()], day=5) == []


@pytest.mark.parametrize(("day", "rows"), [(31, 1), (32.1, 0)])
def test_what_happened_too_long_ago_is_let_be(day: float, rows: int) -> None:
    assert len(due(policy(), {"ada": [evidence("a", 1), evidence("b", 2)]}, [granted()], day)) == rows


def test_a_document_dated_in_the_future_does_not_count_yet() -> None:
    documents = {"ada": [evidence("a", 1), evidence("b", 3)]}
    assert due(policy(), documents, [granted()], day=2) == []
    assert len(due(policy(), documents, [granted()], day=3)) == 1


def test_after_the_cool_down_a_new_occasion_is_a_new_row() -> None:
    documents = {"ada": [evidence("a", 1), evidence("b", 2)]}
    first = due(policy(), documents, [granted()], day=2)
    documents["ada"] += [evidence("c", 5.5), evidence("d", 5.9)]
    assert due(policy(), documents, [granted()], day=5.9, past=first) == []
    documents["ada"].append(evidence("e", 6))
    (second,) = due(policy(), documents, [granted()], day=6, past=first)
    assert second.occasion_at == moment(6)
    assert second.outbox_id != first[0].outbox_id


def test_the_first_of_two_rules_that_ask_for_one_action_counts_and_the_longer_cool_down_holds() -> None:
    made = policy(rule(), rule(name="again", documents=1, within_days=1, cool_down_days=10))
    documents = {"ada": [evidence("a", 1), evidence("b", 2)]}
    (row,) = due(made, documents, [granted()], day=2)
    assert row.rule == "two-in-three-days"
    later = {"ada": [evidence("c", 9), evidence("d", 9.5)]}
    assert due(made, later, [granted()], day=10, past=[row]) == []


def test_research_withdrawn_means_no_follow_up() -> None:
    documents = {"ada": [evidence("a", 1), evidence("b", 2)]}
    events = [granted(), withdrawn(scope="research", day=1)]
    assert due(policy(), documents, events, day=2) == []


def test_a_row_says_who_when_and_by_which_policy_and_the_same_occasion_has_the_same_id() -> None:
    documents = {"ada": [evidence("a", 1), evidence("b", 2)]}
    (row,) = due(policy(), documents, [granted()], day=2)
    (again,) = due(policy(), documents, [granted()], day=3)
    assert (row.issued_by, row.issued_at, row.run_id) == ("tester", moment(2), "run-1")
    assert (row.policy_name, row.policy_digest) == ("example", policy().digest)
    assert row.outbox_id == again.outbox_id
    assert policy(rule(threshold=0.81)).digest != policy().digest

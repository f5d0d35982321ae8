import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from mh_batch.errors import KeyFileError
from mh_batch.followup import Contacts, Outbox, delivering
from mh_batch.followup.contacts import Contact
from mh_batch.followup.outbox_rows import Attempt
from mh_batch.followup.sinks import SinkResponse
from mh_batch.output import OutputRoot
from mh_batch.pseudonyms import author_key
from tests.consent.histories import AUTHORS, Event, histories, may_be_used
from tests.followup.deliveries import CONSENTS, FAILED, REFUSED, Scripted, delivery, issued, outcomes
from tests.followup.interrupted_writes import KilledError, When, killed_at
from tests.followup.policies import KEY, NAMES, granted, withdrawn
from tests.followup.receivers import Clock


def test_each_row_goes_to_its_contact_once(outbox: Outbox) -> None:
    sink = Scripted()
    assert delivery(outbox, sink).run() == {"delivered": 3}
    assert delivery(outbox, sink).run() == {}
    assert sorted(sink.people()) == sorted(AUTHORS)
    assert all(f"{NAMES[notice.row.author_key]}@home" == notice.contact.address for notice in sink.sent)


def test_who_withdraws_after_the_issue_is_never_written_to_not_even_after_another_grant(outbox: Outbox) -> None:
    sink, events = Scripted(), [*CONSENTS, withdrawn("ada", day=4)]
    assert delivery(outbox, sink, events).run() == {"delivered": 2, "withheld": 1}
    events.append(granted("ada", day=5))
    assert delivery(outbox, sink, events, day=6).run() == {}
    assert sorted(sink.people()) == ["bob", "cyd"]
    assert ("withheld", "consent") in outcomes(outbox)


def test_a_withdrawal_counts_though_a_grant_followed_before_anything_was_delivered(outbox: Outbox) -> None:
    sink, events = Scripted(), [*CONSENTS, withdrawn("ada", day=4), granted("ada", day=5)]
    assert delivery(outbox, sink, events, day=6).run() == {"delivered": 2, "withheld": 1}


def test_under_a_key_that_was_rotated_meanwhile_nothing_is_withheld_or_sent(outbox: Outbox, tmp_path: Path) -> None:
    (tmp_path / "runs" / "r").mkdir(parents=True)
    (tmp_path / "runs" / "r" / "manifest.json").write_text(json.dumps({"pseudonym_key": KEY.rotated(bytes(32)).check}))
    sink = Scripted()
    with pytest.raises(KeyFileError, match="after a rotation the whole chain"):
        delivery(outbox, sink).run()
    assert (sink.sent, outbox.attempts()) == ([], [])


def test_what_is_withheld_is_so_for_every_sink(outbox: Outbox) -> None:
    gone = [*CONSENTS, *(withdrawn(author, day=4) for author in AUTHORS)]
    assert delivery(outbox, None, gone).run() == {"withheld": 3}
    sink = Scripted()
    assert delivery(outbox, sink, CONSENTS).run() == {}
    assert sink.sent == []


def test_rows_wait_for_a_contact(outbox: Outbox) -> None:
    sink = Scripted()
    assert delivery(outbox, sink, contacts=Contacts({})).run() == {"no_contact": 3}
    assert outbox.attempts() == []
    assert delivery(outbox, sink).run() == {"delivered": 3}


def test_a_contact_for_another_scope_or_channel_is_not_used(outbox: Outbox) -> None:
    ada = author_key(KEY, "ada")
    others = Contacts(
        {
            (ada, "notify_therapist", "webhook"): Contact("webhook", "dr"),
            (ada, "self_help", "email"): Contact("email", "ada@example.org"),
        }
    )
    sink = Scripted()
    assert delivery(outbox, sink, contacts=others).run() == {"no_contact": 3}
    assert sink.sent == []


def test_rows_expire_when_their_occasion_is_as_old_as_the_rule_allows(outbox: Outbox) -> None:
    sink = Scripted()
    assert delivery(outbox, sink, day=32).preview() == {"to_send": 3}
    assert delivery(outbox, sink, day=32.1).run() == {"withheld": 3}
    assert sink.sent == []
    assert set(outcomes(outbox)) == {("withheld", "expired")}


def test_a_row_whose_evidence_was_erased_in_part_is_withheld(tmp_path: Path) -> None:
    whole, sink = issued(tmp_path / "whole", authors=["ada"]), Scripted()
    left = Outbox(OutputRoot.at(str(tmp_path / "left")))
    left.issue([replace(row, evidence=row.evidence[1:]) for row in whole.rows()])
    assert delivery(left, sink).run() == {"withheld": 1}
    assert (sink.sent, outcomes(left)) == ([], [("withheld", "erased")])


def test_failures_are_tried_again_after_ever_longer_pauses(tmp_path: Path) -> None:
    outbox, clock = issued(tmp_path, authors=["ada"]), Clock()
    assert delivery(outbox, Scripted(*[FAILED] * 4), sleep=clock).run() == {"delivered": 1}
    assert [outcome for outcome, _ in outcomes(outbox)] == ["failed"] * 4 + ["delivered"]
    assert len(clock.slept) == 4
    assert all(0.75 * 0.5 * 2**i <= pause <= 0.5 * 2**i for i, pause in enumerate(clock.slept))


def test_retry_after_is_waited_for_and_if_it_is_too_long_the_row_stays_open(tmp_path: Path) -> None:
    outbox, clock = issued(tmp_path, authors=["ada"]), Clock()
    soon, late = SinkResponse(False, "http 429", True, 42.0), SinkResponse(False, "http 429", True, 3600.0)
    sink = Scripted(soon, late)
    assert delivery(outbox, sink, sleep=clock).run() == {"failed": 1}
    assert clock.slept == [42.0]
    assert delivery(outbox, sink, sleep=clock).run() == {"delivered": 1}


def test_after_so_many_attempts_in_all_a_row_is_given_up_until_that_is_asked_for(tmp_path: Path) -> None:
    outbox = issued(tmp_path, authors=["ada"])
    stop = SinkResponse(False, "http 503", True, 3600.0)
    assert delivery(outbox, Scripted(stop), attempts=3).run() == {"failed": 1}
    assert delivery(outbox, Scripted(FAILED, FAILED), attempts=3).run() == {"dead_letter": 1}
    assert [attempt.attempt for attempt in outbox.attempts()] == [1, 2, 3]
    assert outcomes(outbox)[-1] == ("dead_letter", "http 503")
    sink = Scripted()
    assert delivery(outbox, sink, attempts=3).run() == {}
    assert delivery(outbox, sink, attempts=3, retry_dead=True).run() == {"delivered": 1}


def test_a_refusal_is_not_tried_again(tmp_path: Path) -> None:
    outbox, sink = issued(tmp_path, authors=["ada"]), Scripted(REFUSED)
    assert delivery(outbox, sink).run() == {"dead_letter": 1}
    assert len(sink.sent) == 1


def test_when_nobody_takes_anything_the_rest_is_left_for_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_STOP_AFTER", 2)
    outbox, sink = issued(tmp_path), Scripted(REFUSED, REFUSED)
    assert delivery(outbox, sink).run() == {"dead_letter": 2}
    assert delivery(outbox, sink).run() == {"delivered": 1}


def test_each_sink_has_its_own_books(outbox: Outbox) -> None:
    assert delivery(outbox, None).run() == {"delivered": 3}
    assert delivery(outbox, Scripted()).run() == {"delivered": 3}


def test_a_preview_sends_and_writes_nothing(outbox: Outbox) -> None:
    sink, events = Scripted(), [*CONSENTS, withdrawn("ada", day=4)]
    assert delivery(outbox, sink, events).preview() == {"to_send": 2, "withheld": 1}
    assert sink.sent == []
    assert outbox.attempts() == []


def test_the_log_names_who_asked_and_whom_by_a_hash_only(outbox: Outbox) -> None:
    delivery(outbox, Scripted()).run()
    attempt = outbox.attempts()[0]
    assert isinstance(attempt, Attempt)
    assert (attempt.sink, attempt.attempt, attempt.delivered_by) == ("webhook", 1, "tester")
    assert len(attempt.recipient or "") == 32
    assert "@home" not in str(attempt)


@given(histories(("research", "self_help"), days=6), st.integers(3, 8))
@settings(max_examples=40, deadline=None)
def test_nothing_reaches_a_sink_without_consent_from_issue_to_delivery(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], day: int
) -> None:
    outbox, sink = issued(tmp_path_factory.mktemp("root"), events), Scripted()
    delivery(outbox, sink, events, day=day).run()

    def agreed(author: str, doc_id: str) -> bool:
        """Asked anew on each day from the issue on."""
        return all(
            may_be_used(events, "self_help", author, doc_id, None, today)
            and may_be_used(events, "research", author, doc_id, ("research",), today)
            for today in range(3, day + 1)
        )

    expected = [author for author in AUTHORS if agreed(author, f"{author}-1") and agreed(author, f"{author}-2")]
    assert sorted(sink.people()) == expected


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["before", "half way", "after"])), max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_killed_at_any_write_nothing_is_lost_and_a_receiver_that_honours_keys_gets_each_row_once(
    tmp_path_factory: pytest.TempPathFactory, kills: list[tuple[int, When]]
) -> None:
    outbox, sink = issued(tmp_path_factory.mktemp("root")), Scripted()
    for write, when in kills:
        try:
            with killed_at(write, when, only="deliveries"):
                delivery(outbox, sink, attempts=99).run()
        except KilledError:
            pass
    delivery(outbox, sink, attempts=99).run()
    assert {notice.row.outbox_id for notice in sink.sent} == {row.outbox_id for row in outbox.rows()}
    assert sorted(attempt.outbox_id for attempt in outbox.attempts() if attempt.outcome == "delivered") == sorted(
        row.outbox_id for row in outbox.rows()
    )
    # One more for each kill between the sending and its record.
    assert len(sink.sent) <= 3 + len(kills)

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from mh_batch.errors import SettingsError
from mh_batch.followup.sinks import WebhookSink
from mh_batch.followup.sinks.webhook import _seconds, parse_secret
from mh_batch.output import OutputRoot
from tests.consent.histories import AUTHORS
from tests.followup.deliveries import delivery, issued, outcomes
from tests.followup.receivers import Behaviour, http_receiver

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # the example of the specification
TIMEOUT = 0.4


def sink(url: str) -> WebhookSink:
    return WebhookSink(url, parse_secret(SECRET), TIMEOUT)


def test_the_reference_library_verifies_what_is_sent(tmp_path: Path) -> None:
    with http_receiver() as receiver:
        assert delivery(issued(tmp_path), sink(receiver.url)).run() == {"delivered": 3}
    for headers, body in receiver.requests:
        sent = Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
        assert headers["Idempotency-Key"] == headers["webhook-id"] == sent["outbox_id"]


def test_the_message_names_ids_action_resources_and_evidence_and_no_pseudonym(tmp_path: Path) -> None:
    outbox = issued(tmp_path, authors=["ada"])
    with http_receiver() as receiver:
        delivery(outbox, sink(receiver.url)).run()
    body = receiver.requests[0][1]
    sent, (row,) = json.loads(body), outbox.rows()
    assert (sent["action"], sent["scope"], sent["run_id"]) == ("send-help", "self_help", "run-1")
    assert sent["recipient"]["address"] == "ada@home"
    assert [(one["doc_id"], one["p"]) for one in sent["evidence"]] == [("ada-1", 0.9), ("ada-2", 0.9)]
    assert sent["resources"]["crisis_lines"][-1]["url"] == "https://findahelpline.com"
    assert row.author_key.encode() not in body


@pytest.mark.parametrize(
    ("behaviour", "detail"),
    [
        ("500", "http 500"),
        ("hang", "TimeoutError"),
        ("drip", "TimeoutError"),
        ("reset", "RemoteDisconnected"),
        ("429", "http 429"),
    ],
)
def test_what_may_pass_is_tried_again(tmp_path: Path, behaviour: Behaviour, detail: str) -> None:
    outbox = issued(tmp_path, authors=["ada"])
    with http_receiver([behaviour, behaviour]) as receiver:
        began = time.monotonic()
        assert delivery(outbox, sink(receiver.url)).run() == {"delivered": 1}
        assert time.monotonic() - began < 10
    assert [outcome for outcome, _ in outcomes(outbox)] == ["failed", "failed", "delivered"]
    assert outcomes(outbox)[0][1] == detail
    assert len({headers["Idempotency-Key"] for headers, _ in receiver.requests}) == 1


@pytest.mark.parametrize("behaviour", ["400", "302"])
def test_what_is_refused_is_given_up_with_the_reason_and_no_redirect_is_followed(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    outbox = issued(tmp_path, authors=["ada"])
    with http_receiver([behaviour]) as receiver:
        assert delivery(outbox, sink(receiver.url)).run() == {"dead_letter": 1}
    assert len(receiver.requests) == 1
    assert outcomes(outbox) == [("dead_letter", f"http {behaviour}")]


def test_from_a_server_that_fails_hangs_and_answers_twice_nothing_is_lost_and_nothing_is_done_twice(
    tmp_path: Path,
) -> None:
    outbox = issued(tmp_path)
    script: list[Behaviour] = ["500", "done then hang", "twice", "done then 500", "drip", "reset", "hang", "429", "ok"]
    with http_receiver(script) as receiver:
        for _ in range(4):
            delivery(outbox, sink(receiver.url), attempts=20).run()
    assert receiver.done == {row.outbox_id: 1 for row in outbox.rows()}
    assert len(receiver.done) == len(AUTHORS)
    delivered = [attempt.outbox_id for attempt in outbox.attempts() if attempt.outcome == "delivered"]
    assert sorted(delivered) == sorted(receiver.done)
    assert len(receiver.requests) == len(outbox.attempts())


def test_where_nobody_listens_the_row_is_given_up_after_the_last_attempt(tmp_path: Path) -> None:
    with http_receiver() as receiver:
        pass
    outbox = issued(tmp_path, authors=["ada"])
    assert delivery(outbox, sink(receiver.url), attempts=2).run() == {"dead_letter": 1}
    assert outcomes(outbox) == [("failed", "ConnectionRefusedError"), ("dead_letter", "ConnectionRefusedError")]


def test_the_wait_that_a_server_asks_for_is_read_as_seconds_or_as_a_date() -> None:
    assert _seconds("120") == 120
    assert _seconds("-1") is None
    assert _seconds("soon") is None
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert _seconds(in_a_minute) == pytest.approx(60, abs=3)
    assert _seconds("Mon, 01 Jan 2001 00:00:00 GMT") == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.org/hook", "not encrypted: use https"),
        ("ftp://example.org", "no URL"),
        ("example.org/hook", "no URL"),
        ("https:///hook", "no URL"),
    ],
)
def test_an_address_that_would_give_secrets_away_is_refused(url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        sink(url)


@pytest.mark.parametrize("secret", ["", "secret", "whsec_AAAA", "not base64!!" * 5])
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand -base64 32"):
        parse_secret(secret)


def test_the_log_lies_in_one_file_after_a_delivery(tmp_path: Path) -> None:
    outbox = issued(tmp_path)
    with http_receiver(["500"]) as receiver:
        delivery(outbox, sink(receiver.url)).run()
    assert len((OutputRoot.at(str(tmp_path)).folder / "outbox" / "deliveries").names()) == 1
    assert len(outbox.attempts()) == 4

"""What is said in a ledger while a delivery is under way."""

from dataclasses import replace
from pathlib import Path

import pytest

from mh_batch.errors import DeliveryError
from mh_batch.followup import CurrentConsent, Outbox
from tests.consent.histories import AUTHORS, frame, moment
from tests.followup.deliveries import CONSENTS, FAILED, Meanwhile, Scripted, delivery, issued, outcomes
from tests.followup.policies import KEY, NAMES, granted, withdrawn


def test_who_withdraws_during_a_delivery_is_not_written_to(outbox: Outbox, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.parquet"
    frame(CONSENTS).to_parquet(ledger)
    gone = [*CONSENTS, *(withdrawn(author, day=4) for author in AUTHORS)]
    sink = Meanwhile(lambda: frame(gone).to_parquet(ledger))
    made = replace(delivery(outbox, sink), consent=CurrentConsent(str(ledger), KEY))
    assert made.run() == {"delivered": 1, "withheld": 2}
    assert len(sink.sent) == 1
    assert sorted(outcomes(outbox))[1:] == [("withheld", "consent")] * 2


def test_who_withdraws_while_a_row_waits_to_be_tried_again_is_not_written_to(tmp_path: Path) -> None:
    outbox, ledger = issued(tmp_path / "root", authors=["ada"]), tmp_path / "ledger.parquet"
    frame(CONSENTS).to_parquet(ledger)

    def withdraw(seconds: float) -> None:
        frame([*CONSENTS, withdrawn("ada", day=4)]).to_parquet(ledger)

    sink = Scripted(FAILED)
    made = replace(delivery(outbox, sink, sleep=withdraw), consent=CurrentConsent(str(ledger), KEY))
    assert made.run() == {"withheld": 1}
    assert len(sink.sent) == 1
    assert outcomes(outbox) == [("failed", "http 503"), ("withheld", "consent")]
    assert delivery(outbox, sink).run() == {}


def test_consent_that_is_asked_for_later_counts_what_the_ledger_says_from_then_on(
    outbox: Outbox, tmp_path: Path
) -> None:
    ledger, day = tmp_path / "ledger.parquet", 4.0
    events = [*CONSENTS, withdrawn("ada", day=5), withdrawn("bob", "research", day=7), granted("cyd", day=8)]
    frame(events).to_parquet(ledger)
    consent = CurrentConsent(str(ledger), KEY, lambda: moment(day))

    def agreeing() -> list[str]:
        return sorted(NAMES[row.author_key] for row in outbox.rows() if consent().covers(row))

    assert agreeing() == ["ada", "bob", "cyd"]
    day = 5
    assert agreeing() == ["bob", "cyd"]
    day = 6
    assert agreeing() == ["bob", "cyd"]
    day = 7.5
    assert agreeing() == ["cyd"]
    day = 9
    frame([*events, withdrawn("cyd", day=10)]).to_parquet(ledger)
    assert agreeing() == ["cyd"]
    day = 10
    assert agreeing() == []


def test_what_holds_is_worked_out_again_only_if_the_ledger_says_more(tmp_path: Path) -> None:
    ledger, day = tmp_path / "ledger.parquet", 4.0
    frame([*CONSENTS, withdrawn("ada", day=5)]).to_parquet(ledger)
    consent = CurrentConsent(str(ledger), KEY, lambda: moment(day))
    first = consent()
    day = 4.9
    assert consent() is first
    day = 5
    assert consent() is not first
    last = consent()
    day = 99
    assert consent() is last


def test_a_ledger_that_breaks_during_a_delivery_stops_it_and_what_was_delivered_is_logged(
    outbox: Outbox, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.parquet"
    frame(CONSENTS).to_parquet(ledger)
    sink = Meanwhile(lambda: ledger.write_bytes(b"PAR1"))
    consent = CurrentConsent(str(ledger), KEY)
    with pytest.raises(DeliveryError, match=r"cannot be read as a parquet file\n.*start the same command again"):
        replace(delivery(outbox, sink), consent=consent).run()
    assert (len(sink.sent), outcomes(outbox)) == (1, [("delivered", "http 200")])
    with pytest.raises(DeliveryError):
        consent()

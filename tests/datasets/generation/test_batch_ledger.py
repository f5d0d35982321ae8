from pathlib import Path

import pytest

from mh_batch.datasets.generation.batch_ledger import BatchLedger
from mh_batch.errors import ProviderError, UsageError


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    ledger = BatchLedger(tmp_path / "ledger.jsonl")
    first = ledger.intend(("digest-000000-0", "digest-000001-0"), None)
    second = ledger.intend(("digest-000002-0",), "msgbatch_1")
    ledger.move(first, "accepted", "msgbatch_2")
    ledger.move(second, "not_accepted")
    again = BatchLedger(tmp_path / "ledger.jsonl")
    assert again.submissions == ledger.submissions
    assert [(one.stage, one.batch, one.newest_before) for one in again.submissions] == [
        *(("accepted", "msgbatch_2", None), ("not_accepted", None, "msgbatch_1")),
    ]
    assert again.intend(("digest-000002-0",), None).number == 2


def test_a_last_line_that_was_cut_off_is_taken_off_and_the_rest_holds(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    ledger = BatchLedger(file)
    first = ledger.intend(("digest-000000-0",), None)
    before = ledger.submissions
    ledger.move(first, "accepted", "msgbatch_1")
    file.write_bytes(file.read_bytes()[:-1])
    assert BatchLedger(file).submissions == before
    BatchLedger(file).move(first, "accepted", "msgbatch_1")
    assert BatchLedger(file).at("accepted")[0].batch == "msgbatch_1"


def test_a_damaged_ledger_is_an_error_since_it_tells_what_was_paid_for(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    for damage in (b"garbage\n", b'{"event": "accepted", "number": 4, "batch": "x"}\n', b"[]\n"):
        file.write_bytes(damage)
        with pytest.raises(ProviderError, match="is damaged"):
            BatchLedger(file)


def test_a_ledger_belongs_to_the_plan_that_something_was_sent_for(tmp_path: Path) -> None:
    ledger = BatchLedger(tmp_path / "ledger.jsonl")
    ledger.check_plan("other")
    ledger.intend(("digest-000000-0",), None)
    ledger.check_plan("digest")
    with pytest.raises(UsageError, match="another plan"):
        ledger.check_plan("other")

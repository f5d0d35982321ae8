import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from mh_batch.contracts import load_contract
from mh_batch.errors import BusyError, StoreError
from mh_batch.followup import Outbox
from mh_batch.followup.outbox_rows import OutboxRow
from mh_batch.output import OutputRoot
from tests.consent.histories import AUTHORS
from tests.followup.interrupted_writes import KilledError, When, killed_at
from tests.followup.policies import KEY, due, evidence, granted, policy

DOCUMENTS = {author: [evidence(f"{author}-1", 1), evidence(f"{author}-2", 2)] for author in AUTHORS}
CONSENTS = [granted(author) for author in AUTHORS]


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(OutputRoot.at(str(tmp_path)))


def issue(outbox: Outbox, day: float = 3) -> list[OutboxRow]:
    """What a follow-up does with the outbox."""
    with outbox.locked("test", KEY):
        rows = due(policy(), DOCUMENTS, CONSENTS, day, outbox.rows())
        outbox.issue(rows)
    return rows


def test_rows_come_back_as_they_were_issued_and_the_file_holds_the_contract(outbox: Outbox, tmp_path: Path) -> None:
    rows = issue(outbox)
    assert sorted(outbox.rows(), key=lambda row: row.outbox_id) == sorted(rows, key=lambda row: row.outbox_id)
    (file,) = (tmp_path / "outbox" / "issued").iterdir()
    assert pq.read_schema(file).remove_metadata() == load_contract("outbox").arrow_schema()


def test_issued_again_nothing_is_added(outbox: Outbox) -> None:
    assert len(issue(outbox)) == 3
    assert issue(outbox) == []
    assert len(outbox.rows()) == 3


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["before", "half way", "after"])), max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_killed_at_any_write_and_started_again_each_row_is_issued_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, kills: list[tuple[int, When]]
) -> None:
    folder = tmp_path_factory.mktemp("root")
    outbox = Outbox(OutputRoot.at(str(folder)))
    for day, (write, when) in enumerate(kills, 3):
        try:
            with killed_at(write, when):
                issue(outbox, day)
        except KilledError:
            # The process lives on, but it would be dead, and its lease with it.
            shutil.rmtree(folder / "leases", ignore_errors=True)
    issue(outbox, day=9)
    assert sorted(row.author_key for row in outbox.rows()) == sorted(
        row.author_key for row in due(policy(), DOCUMENTS, CONSENTS, 9)
    )
    assert len({row.outbox_id for row in outbox.rows()}) == 3


def test_two_cannot_issue_at_once(outbox: Outbox) -> None:
    with outbox.locked("one", KEY), pytest.raises(BusyError, match="held by followup one"):
        issue(outbox)


def test_a_damaged_file_is_named(outbox: Outbox, tmp_path: Path) -> None:
    issue(outbox)
    (file,) = (tmp_path / "outbox" / "issued").iterdir()
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(StoreError, match=f"{file.name} is damaged"):
        outbox.rows()

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mh_batch.common.filesystem import Folder
from mh_batch.errors import BusyError
from mh_batch.output import Leases, leases as module
from mh_batch.output.leases import Holder
from tests.scoring.abandoned_leases import left_behind


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    return Leases(Folder.at(str(tmp_path)))


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("run", "run", True),
        ("run", "nightly", True),
        ("nightly", "nightly", False),
        ("nightly", "followup", True),
        ("followup", "maintenance", False),
        ("maintenance", "followup", False),
        ("maintenance", "run", False),
        ("run", "maintenance", False),
        ("nightly", "maintenance", False),
        ("maintenance", "maintenance", False),
    ],
)
def test_who_may_work_beside_whom(leases: Leases, first: module.Kind, second: module.Kind, together: bool) -> None:
    with leases.held(first, "one"):
        if together:
            with leases.held(second, "two"):
                assert len(leases.holders()) == 2
        else:
            with pytest.raises(BusyError, match=f"{first} one, process {os.getpid()} on {socket.gethostname()}"):
                leases.held(second, "two").__enter__()
    assert leases.holders() == []


def test_of_many_that_start_at_once_one_holds(leases: Leases) -> None:
    all_asked = threading.Barrier(8)

    def attempt(number: int) -> bool:
        try:
            with leases.held("nightly", str(number)):
                all_asked.wait(60)
                return True
        except BusyError:
            all_asked.wait(60)
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_dead_holders_lease_is_taken_over(leases: Leases, tmp_path: Path) -> None:
    left = left_behind(tmp_path, "nightly", "yesterday")
    with leases.held("nightly", "tonight"):
        reaped: list[Holder] = []
        leases.reap_expired(reaped.append)
        assert reaped == [left]
        assert [holder.name for holder in leases.holders()] == ["tonight"]


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(leases: Leases, tmp_path: Path) -> None:
    left_behind(tmp_path, "nightly", "yesterday", pid=os.getpid(), process_started="1")
    with leases.held("nightly", "tonight"):
        pass


def test_a_holder_on_another_machine_is_dead_when_it_was_silent_for_long(leases: Leases, tmp_path: Path) -> None:
    left_behind(tmp_path, "nightly", "yesterday", host="elsewhere", place="another machine", beat=time.time() - 60)
    with pytest.raises(BusyError, match="elsewhere"):
        leases.held("nightly", "tonight").__enter__()
    left_behind(tmp_path, "nightly", "yesterday", host="elsewhere", place="another machine", beat=time.time() - 3600)
    with leases.held("nightly", "tonight"):
        pass


def test_a_process_that_cannot_be_looked_up_is_judged_by_its_silence(
    leases: Leases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(tmp_path, "nightly", "yesterday")
    monkeypatch.setattr(module, "_process_started", lambda pid: "")
    with pytest.raises(BusyError, match="yesterday"):
        leases.held("nightly", "tonight").__enter__()


def test_a_lease_that_cannot_be_read_is_held_until_it_is_old(leases: Leases, tmp_path: Path) -> None:
    broken = tmp_path / "leases" / "nightly-abc.json"
    broken.parent.mkdir()
    broken.write_text("{")
    with pytest.raises(BusyError, match=r"nightly-abc\.json"):
        leases.held("nightly", "tonight").__enter__()
    os.utime(broken, (1, 1))
    with leases.held("nightly", "tonight"):
        pass


def test_who_lost_the_lease_is_told(leases: Leases, tmp_path: Path) -> None:
    with leases.held("run", "r") as check:
        check()
        for file in (tmp_path / "leases").iterdir():
            file.unlink()
        with pytest.raises(BusyError, match="took it for dead"):
            check()


def test_a_holder_says_now_and_then_that_it_lives(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BEAT_SECONDS", 0.05)
    with leases.held("run", "r"):
        before = leases.holders()[0].beat
        deadline = time.monotonic() + 10
        while leases.holders()[0].beat == before:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_part_of_a_run_may_take_a_lease_that_excludes_runs_but_not_beside_another_run(leases: Leases) -> None:
    with leases.held("nightly", "night"), leases.held("run", "own"):
        with leases.held("maintenance", "part", within=True), pytest.raises(BusyError, match="maintenance part"):
            leases.held("run", "beside").__enter__()
        with ThreadPoolExecutor(1) as pool, pytest.raises(BusyError, match="is held by"):
            pool.submit(lambda: leases.held("maintenance", "of another", within=True).__enter__()).result()
    assert leases.holders() == []

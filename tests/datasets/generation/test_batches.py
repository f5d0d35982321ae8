"""A process that is killed, at moments that the played API chooses, is started again and pays for nothing twice."""

import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from mh_batch.cli import main
from tests.datasets.generation.conftest import REQUESTS, Rows, rows
from tests.datasets.generation.played_api import Gate, Moment, PlayedApi

Arguments = Callable[[PlayedApi], list[str]]


# Processes that are forked from one that has read the package: to start one takes no time.
_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [__name__, "anthropic", "mh_batch.commands.generate_command", "mh_batch.datasets.generation"]
)


def generate(arguments: list[str]) -> None:
    os.environ["ANTHROPIC_API_KEY"] = "a-key-of-the-tests"
    sys.exit(main(arguments))


def start(arguments: list[str]) -> ForkServerProcess:
    process = _PROCESSES.Process(target=generate, args=(arguments,), daemon=True)
    process.start()
    return process


def ended_well(process: ForkServerProcess) -> bool:
    process.join(60)
    return process.exitcode == 0


def kill_at(gate: Gate, arguments: list[str]) -> None:
    process = start(arguments)
    assert gate.reached.wait(60)
    process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("moment", "times"),
    [("accepted", 1), ("accepted", 3), ("looked at", 2), ("streaming", 1), ("streaming", 3)],
)
def test_a_killed_run_goes_on_and_each_request_is_accepted_once(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows, moment: Moment, times: int
) -> None:
    gate = api.hold(moment, times)
    kill_at(gate, arguments(api))
    gate.opened.set()
    assert main(arguments(api)) == 0
    assert len(api.accepted) == REQUESTS
    assert set(api.accepted.values()) == {1}
    assert rows(output, without=("batch_id",)) == rows_with_ids(undisturbed)


def rows_with_ids(undisturbed: Rows) -> Rows:
    """The first attempt's `custom_id` follows from the document's."""
    return [{**row, "custom_id": f"{str(row['doc_id']).rpartition('-')[0]}-0"} for row in undisturbed]


def test_a_batch_that_is_accepted_only_after_the_kill_is_not_sent_again(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows
) -> None:
    gate = api.hold("arriving", 2)
    kill_at(gate, arguments(api))
    resumed = start([*arguments(api), "--settle-seconds", "2"])
    time.sleep(0.5)
    gate.opened.set()
    assert ended_well(resumed)
    assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def test_a_run_that_is_killed_again_and_again_ends_like_an_undisturbed_one(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows
) -> None:
    moments: list[tuple[Moment, int]] = [("accepted", 2), ("looked at", 1), ("accepted", 1), ("streaming", 2)]
    for moment, times in moments:
        gate = api.hold(moment, times)
        kill_at(gate, arguments(api))
        gate.opened.set()
    assert main(arguments(api)) == 0
    assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def test_a_second_process_is_refused_while_one_works_in_the_folder(
    api: PlayedApi, arguments: Arguments, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = api.hold("accepted")
    process = start(arguments(api))
    assert gate.reached.wait(60)
    posts = api.posts()
    assert main(arguments(api)) == 1
    assert "another process generates into" in capsys.readouterr().err
    assert api.posts() == posts
    gate.opened.set()
    assert ended_well(process)


def test_a_kill_while_the_ledger_is_written_loses_nothing(
    api: PlayedApi, arguments: Arguments, output: Path, undisturbed: Rows
) -> None:
    """Every place at which the ledger may be cut off, in the middle of a line and between lines."""
    assert main(arguments(api)) == 0
    whole = (output / "ledger.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    ends = [sum(map(len, lines[:count])) for count in range(1, len(lines) + 1)]
    for end in ends:
        for cut in (end, end - 5):
            (output / "ledger.jsonl").write_bytes(whole[:cut])
            # What the ledger does not know was sent had not been sent: the server forgets it, too.
            forget_unknown(api, (output / "ledger.jsonl").read_text())
            assert main([*arguments(api), "--settle-seconds", "0"]) == 0
            assert set(api.accepted.values()) == {1}
    assert rows(output) == undisturbed


def forget_unknown(api: PlayedApi, ledger: str) -> None:
    whole_lines = ledger[: ledger.rfind("\n") + 1]
    api.batches = [batch for batch in api.batches if batch.requests[0]["custom_id"] in whole_lines]
    api.accepted.clear()
    for batch in api.batches:
        api.accepted.update(one["custom_id"] for one in batch.requests)

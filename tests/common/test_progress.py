import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO

import pytest

from mh_batch.common.console import announce, console
from mh_batch.common.progress import Progress, duration

Clock = Callable[[float], None]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    now = [0.0]
    monkeypatch.setattr("mh_batch.common.progress.time.monotonic", lambda: now[0])
    monkeypatch.setenv("COLUMNS", "200")
    return lambda seconds: now.__setitem__(0, seconds)


@contextmanager
def on_terminal() -> Iterator[Terminal]:
    """A command on a terminal. No fixture, since pytest puts its own stream in the place after the fixtures."""
    with redirect_stderr(Terminal()) as stream, console():
        yield stream


def publish(clock: Clock) -> Progress:
    progress = Progress("publishing", 400, "rows")
    for seconds in range(1, 40):
        clock(float(seconds))
        progress.update(10 * seconds)
    return progress


def test_a_log_gets_a_line_every_30_seconds_and_one_at_the_end(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with console():
        progress = publish(clock)
        assert capsys.readouterr().err == "publishing: 300 of 400 rows, 10 rows/s, 30 s, about 10 s left\n"
        clock(40.0)
        progress.update(400)
        progress.update(400)
    assert capsys.readouterr().err == "publishing: 400 of 400 rows, 10 rows/s, 40 s\n"


def test_a_terminal_gets_one_line_that_is_rewritten_and_whose_last_form_stays(clock: Clock) -> None:
    with on_terminal() as terminal, publish(clock):
        assert terminal.getvalue().count("\n") == 0
        assert len(terminal.getvalue().split("\r\x1b[K")) == 39
    *_, last = terminal.getvalue().split("\r\x1b[K")
    assert last == "publishing: 390 of 400 rows, 10 rows/s, 39 s, about 1 s left\n"


def test_what_is_announced_meanwhile_takes_the_line_away(clock: Clock) -> None:
    with on_terminal() as terminal:
        publish(clock)
        announce("once more")
        announce("and again")
    assert terminal.getvalue().endswith("\r\x1b[Konce more\nand again\n")


def test_a_line_that_is_rewritten_fits_on_the_terminal_with_its_end(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with on_terminal() as terminal:
        publish(clock)
    lines = terminal.getvalue().split("\r\x1b[K")
    assert {len(line) for line in lines} == {39}
    assert lines[-1].startswith("publishing: 3…")
    assert lines[-1].endswith(" 39 s, about 1 s left")


def test_quiet_work_shows_no_progress(clock: Clock) -> None:
    with on_terminal() as terminal:
        logging.getLogger("mh_batch").setLevel(logging.WARNING)
        with publish(clock):
            pass
    assert terminal.getvalue() == ""


def test_an_application_gets_the_lines_as_records(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    publish(clock)
    assert [(record.name, record.levelname) for record in caplog.records] == [("mh_batch.common.progress", "INFO")]
    assert caplog.messages == ["publishing: 300 of 400 rows, 10 rows/s, 30 s, about 10 s left"]


def test_work_that_is_asked_is_asked_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mh_batch.common.progress._SECONDS_ON_TERMINAL", 0.001)
    asked = threading.Semaphore(0)

    def poll() -> tuple[int, int]:
        asked.release()
        return 5, 80

    with on_terminal() as terminal:
        with Progress("scoring", 10, "texts", size=100, size_unit="tokens", poll=poll):
            assert all(asked.acquire(timeout=10) for _ in range(3))
        *_, last = terminal.getvalue().split("\r\x1b[K")
    assert last.startswith("scoring: 5 of 10 texts, 80 tokens, ")
    assert last.endswith("\n")


def test_a_rate_and_the_time_left_are_those_of_what_is_done_now(clock: Clock) -> None:
    progress = Progress("a stage", 30, "steps", before=10)
    clock(20.0)
    progress.update(20, note="loss 0.500")
    assert progress.line() == "a stage: 20 of 30 steps, 0.5 steps/s, 20 s, about 20 s left, loss 0.500"


@pytest.mark.parametrize(
    ("seconds", "said"), [(42.4, "42 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (59.6, "1 min 0 s")]
)
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said

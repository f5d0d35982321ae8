"""Destinations of log records: the console of a command, an application's handlers, or standard error."""

import logging
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from io import StringIO

import pytest

from mh_batch.common.console import announce, console, get_logger, set_volume, warn

LOG = get_logger("mh_batch.somewhere")


@pytest.fixture
def package() -> Iterator[logging.Logger]:
    logger = logging.getLogger("mh_batch")
    level, handlers = logger.level, [*logger.handlers]
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def say_all() -> None:
    LOG.debug("a detail")
    announce("a stage")
    warn("a doubt")
    LOG.error("a failure")


def volume(*, quiet: bool = False, verbose: bool = False) -> Namespace:
    return Namespace(quiet=quiet, verbose=verbose)


def test_a_command_shows_stages_as_they_are_and_names_warnings_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with console():
        say_all()
    assert capsys.readouterr() == ("", "a stage\nwarning: a doubt\nmh-batch: a failure\n")


def test_a_quiet_command_shows_warnings_and_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    with console() as shown:
        set_volume(shown, volume(quiet=True))
        say_all()
    assert capsys.readouterr().err == "warning: a doubt\nmh-batch: a failure\n"


def test_a_verbose_command_shows_details_with_times_and_modules(capsys: pytest.CaptureFixture[str]) -> None:
    with console("another-program") as shown:
        set_volume(shown, volume(verbose=True))
        say_all()
    lines = [line.split(" ", 1) for line in capsys.readouterr().err.splitlines()]
    assert all(len(time.split(":")) == 3 for time, _ in lines)
    assert [said for _, said in lines] == [
        "mh_batch.somewhere: a detail",
        "mh_batch: a stage",  # since a test is none of the package's modules
        "mh_batch: warning: a doubt",
        "mh_batch.somewhere: another-program: a failure",
    ]


def test_a_module_is_named_by_its_stages(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    exec("announce('a stage')", {"announce": announce, "__name__": "mh_batch.scoring.run"})
    assert [record.name for record in caplog.records] == ["mh_batch.scoring.run"]


def test_a_command_leaves_logging_as_it_was(package: logging.Logger) -> None:
    before = package.level, [*package.handlers]

    def fail() -> None:
        with console() as shown:
            set_volume(shown, volume(quiet=True))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (package.level, package.handlers) == before


def test_where_logging_is_not_set_up_standard_error_shows_what_a_command_shows() -> None:
    program = (
        "import logging; from mh_batch.common.console import announce, warn; announce('a stage'); warn('a doubt');"
        "logging.getLogger('mh_batch').setLevel(logging.WARNING); announce('another'); warn('more doubts')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "a stage\nwarning: a doubt\nwarning: more doubts\n")


def test_an_application_that_has_set_up_logging_gets_records_and_nothing_is_printed() -> None:
    program = (
        "import logging; from mh_batch.common.console import announce, warn;"
        "logging.basicConfig(level='INFO', format='%(levelname)s %(name)s %(message)s'); announce('a stage'); warn('?')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "INFO mh_batch a stage\nWARNING mh_batch ?\n")


def test_a_message_is_not_taken_for_a_format(capsys: pytest.CaptureFixture[str], package: logging.Logger) -> None:
    announce("5 %s done")
    with console():
        announce("100 %d of it")
    assert capsys.readouterr().err == "5 %s done\n100 %d of it\n"


def test_standard_error_that_is_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        with console():
            say_all()

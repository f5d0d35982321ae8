"""Log records of `mh_batch`, and the console that shows them on standard error.

Whatever the package says while it works is a record of a logger below `mh_batch`: stages and progress at INFO, warnings
at WARNING, what helps to find a fault at DEBUG. An application that has set up logging for these levels gets them as
any other, and nothing is printed beside. Where nobody has, as in most notebooks, standard error shows what it would
show of a command; `logging.getLogger("mh_batch").setLevel(logging.WARNING)` silences it. There is no NullHandler: it
would silence warnings, too.

Results are not said here: commands print them to standard output.
"""

import argparse
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mh_batch.common.redaction import TextFilter

_PACKAGE = "mh_batch"
_CLEARED = "\r\x1b[K"
_PREFIXES = {logging.WARNING: "warning: "}


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module, whose records hold no message of an error that may quote a text."""
    logger = logging.getLogger(name if name.partition(".")[0] == _PACKAGE else _PACKAGE)
    logger.addFilter(_FILTER)
    return logger


def announce(message: str) -> None:
    """Say which stage begins, or what else whoever waits wants to know."""
    say(_logger_of_caller(), logging.INFO, message)


def warn(message: str) -> None:
    """Say what whoever started this should look after."""
    say(_logger_of_caller(), logging.WARNING, message)


def say(logger: logging.Logger, level: int, message: str) -> None:
    """Log a message, or show it where nobody has set up logging.

    Args:
        logger: From `get_logger`.
        level: Of `logging`.
        message: In the words that a person reads; it quotes no text.
    """
    if _is_unheard(logger, level):
        _UNCONFIGURED.handle(logger.makeRecord(logger.name, level, "", 0, message, (), None))
    else:
        logger.log(level, message, stacklevel=3)


class Console(logging.Handler):
    """A handler that writes to standard error as it is at the time: messages as they are, errors after a name.

    A line can be rewritten below them on a terminal.
    """

    def __init__(self, name: str = "mh-batch") -> None:
        """Show errors as those of a program of this name."""
        super().__init__()
        self.addFilter(_FILTER)
        self._program = name
        self._has_rewritten = False
        self.is_verbose = False

    @property
    def is_terminal(self) -> bool:
        """Whether lines can be rewritten."""
        return sys.stderr is not None and sys.stderr.isatty()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record in lines that stay."""
        self._write(self._said(record) + "\n")
        self._has_rewritten = False

    def rewrite(self, line: str) -> None:
        """Put a line in the place of the one that was rewritten before; the next record takes it away."""
        self.acquire()
        try:
            self._write(_fitted(line, shutil.get_terminal_size().columns - 1))
            self._has_rewritten = True
        finally:
            self.release()

    def _said(self, record: logging.LogRecord) -> str:
        prefix = f"{self._program}: " if record.levelno >= logging.ERROR else _PREFIXES.get(record.levelno, "")
        said = prefix + record.getMessage()
        return f"{_TIMES.formatTime(record, '%H:%M:%S')} {record.name}: {said}" if self.is_verbose else said

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there: a line less must stop nothing
            sys.stderr.write((_CLEARED if self._has_rewritten else "") + text)
            sys.stderr.flush()


@contextmanager
def console(name: str = "mh-batch") -> Iterator[Console]:
    """Show the records of `mh_batch` while a command runs, as `set_volume` has it.

    Args:
        name: What errors are said in the name of.
    """
    package, handler = logging.getLogger(_PACKAGE), Console(name)
    before = package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        package.removeHandler(handler)
        package.setLevel(before)


def add_volume_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--quiet` and `--verbose`."""
    volume = parser.add_argument_group("messages on standard error").add_mutually_exclusive_group()
    volume.add_argument("--quiet", action="store_true", help="warnings and errors only")
    volume.add_argument(
        "--verbose", action="store_true", help="also what helps to find a fault; with times and modules"
    )


def set_volume(shown: Console, arguments: argparse.Namespace) -> None:
    """Show as much as the flags say."""
    shown.is_verbose = arguments.verbose
    level = logging.WARNING if arguments.quiet else logging.DEBUG if arguments.verbose else logging.INFO
    logging.getLogger(_PACKAGE).setLevel(level)


def console_of(logger: logging.Logger) -> Console | None:
    """The console that shows what a logger says at INFO, if one does."""
    if _is_unheard(logger, logging.INFO):
        return _UNCONFIGURED
    if not logger.isEnabledFor(logging.INFO):
        return None
    return next((one for one in logging.getLogger(_PACKAGE).handlers if isinstance(one, Console)), None)


def _fitted(line: str, width: int) -> str:
    """A line of at most this width, with the beginning and the end of what was longer."""
    head = width // 3
    return line if len(line) <= width else f"{line[:head]}…{line[len(line) - (width - head - 1) :]}"


def _is_unheard(logger: logging.Logger, level: int) -> bool:
    """Whether nobody takes such records, and nobody said that they are not wanted."""
    is_heard = logger.isEnabledFor(level) and logger.hasHandlers()
    is_unwanted = logging.getLogger(_PACKAGE).level > level or logging.root.manager.disable >= level
    return not is_heard and not is_unwanted


def _logger_of_caller() -> logging.Logger:
    return get_logger(sys._getframe(2).f_globals.get("__name__", _PACKAGE))


_FILTER = TextFilter()
_TIMES = logging.Formatter()
_UNCONFIGURED = Console()

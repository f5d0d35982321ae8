"""Errors told by names and places alone, also in log records: their messages may quote a text."""

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mh_batch.errors import MhBatchError, WithheldError

DEBUG = "MH_BATCH_DEBUG"

_PLACES = 6
_OWN_IN_WORKER = re.compile(r"^mh_batch\.errors\.\w+: (.*)$", re.MULTILINE)
_SPARK_LOGGERS = "DataFrameQueryContextLogger", "SQLQueryContextLogger"

# Loggers are the process's: the first to come mutes them, the last to go puts back what was before.
_loggers_lock = threading.Lock()
_muted_by = 0
_disabled_before: list[bool] = []
_muting = threading.Lock()


def redacted_message(error: BaseException) -> str:
    """Return what failed and where: the types of the error and of those behind it, and innermost places in the code.

    Of Spark's errors the condition is told, or what an error of ours said in a worker, which quotes nothing.
    """
    if type(error).__module__.partition(".")[0] in ("pyspark", "py4j"):
        own = _OWN_IN_WORKER.findall(str(error))
        return str(own[-1]) if own else f"Spark failed ({_condition(error)})"
    behind = "".join(f", after {type(cause).__name__}" for cause in _causes(error))
    return f"{type(error).__name__}{behind} in {', '.join(_places(error)) or 'unknown places'}"


def withheld(error: BaseException) -> WithheldError:
    """Return an error that tells of `error` without its message, and how to see it whole."""
    return WithheldError(
        f"{redacted_message(error)}; with {DEBUG}=1 the whole error is shown, and what it quotes of texts stays in "
        "Spark's logs"
    )


class TextFilter(logging.Filter):
    """A filter that takes out of log records what may quote a text.

    An error that is logged, as the message, among its arguments or with its traceback, is told by its kind and place,
    and one of ours by its message, which quotes nothing. The record's `exc_info` goes, so that no handler prints the
    messages of the error and of those behind it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without what may quote a text."""
        if is_debugging():
            return True
        record.msg = _without_text(record.msg)
        if isinstance(record.args, Mapping):
            record.args = {name: _without_text(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(map(_without_text, record.args))
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args = f"{record.getMessage()}: {_without_text(error)}", None
        record.exc_info = record.exc_text = None
        return True


def _without_text(value: object) -> object:
    if isinstance(value, BaseException) and not isinstance(value, MhBatchError):
        return redacted_message(value)
    return value


def is_debugging() -> bool:
    """Whether whoever runs this asked to see errors whole."""
    return DEBUG in os.environ


@contextmanager
def messages_withheld() -> Iterator[None]:
    """Let no error's message out of a block in a Spark worker: Spark copies it to logs, event log, UI and driver.

    Raises:
        WithheldError: the block failed.
        MhBatchError: the block raised one of ours, whose messages quote nothing; what led to it is forgotten.
    """
    try:
        yield
    except MhBatchError as error:
        raise error from None
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if is_debugging():
            raise
        raise WithheldError(redacted_message(error)) from None


@contextmanager
def stderr_muted() -> Iterator[None]:
    """Let native code write nothing to standard error: a panic in Rust prints what it failed on, then raises."""
    if is_debugging():
        yield
        return
    with _muting:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # closed already
            yield
            return
        try:
            _lead_to_nowhere(2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def spark_muted() -> Iterator[None]:
    """Let PySpark log no error by itself: it does so on standard error, with the plan, the values and all."""
    if is_debugging():
        yield
        return
    from pyspark.logger import PySparkLogger

    global _muted_by, _disabled_before
    loggers = [PySparkLogger.getLogger(name) for name in _SPARK_LOGGERS]
    with _loggers_lock:
        if _muted_by == 0:
            _disabled_before = [logger.disabled for logger in loggers]
            for logger in loggers:
                logger.disabled = True
        _muted_by += 1
    try:
        yield
    finally:
        with _loggers_lock:
            _muted_by -= 1
            if _muted_by == 0:
                for logger, disabled in zip(loggers, _disabled_before, strict=True):
                    logger.disabled = disabled


def _lead_to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _condition(error: BaseException) -> str:
    named: str | None = None
    with suppress(Exception):  # it asks the JVM, which may be gone
        named = getattr(error, "getCondition", lambda: None)()
    return named or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    while (behind := error.__cause__ or error.__context__) is not None and id(behind) not in seen:
        seen.add(id(behind))
        yield behind
        error = behind


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__, limit=-_PLACES)
    return [f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}" for frame in reversed(frames)]

"""Errors whose messages quote a text are printed without them."""

import logging
import os
import pickle
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark import cloudpickle
from pyspark.errors import PySparkException

import mh_batch
from mh_batch.cli import main
from mh_batch.common.console import console, get_logger
from mh_batch.common.redaction import messages_withheld, redacted_message, stderr_muted
from mh_batch.corpus import Corpus
from mh_batch.corpus.admission import _of_arrays
from mh_batch.datasets.preparation import spark_buckets
from mh_batch.datasets.preparation.near_copies import LONG
from mh_batch.errors import CorpusChangedError, WithheldError
from mh_batch.evaluation.data import labelled_data
from mh_batch.scoring.spark_errors import translate_spark_errors
from tests.leak_search import QUOTES
from tests.texts import PLANTED

SECRET = PLANTED[0]


def printed(error: BaseException) -> str:
    """What Python, and a worker of Spark, prints of an error."""
    return "".join(traceback.format_exception(error))


def told_of(work: Callable[[], object]) -> str:
    with pytest.raises(WithheldError) as caught:
        work()
    assert SECRET not in printed(caught.value)
    return str(caught.value)


KINDS = ("RuntimeError, after KeyError in ", "ArrowInvalid in ", "PanicException in ")


@pytest.mark.parametrize(("quote", "kind"), list(zip(QUOTES, KINDS, strict=True)))
def test_an_error_in_a_worker_is_told_by_its_kind_and_place(quote: Callable[[str], None], kind: str) -> None:
    def work() -> None:
        with messages_withheld():
            quote(SECRET)

    message = told_of(work)
    assert message.startswith(kind)
    assert "tests/leak_search.py:" in message


def test_an_error_of_ours_in_a_worker_says_what_it_says_and_forgets_what_led_to_it() -> None:
    def work() -> None:
        with messages_withheld():
            try:
                QUOTES[0](SECRET)
            except RuntimeError as error:
                raise CorpusChangedError("start again") from error

    with pytest.raises(CorpusChangedError, match="start again") as caught:
        work()
    assert SECRET not in printed(caught.value)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_asks_a_worker_to_stop_is_heard(stop: type[BaseException]) -> None:
    with pytest.raises(stop), messages_withheld():
        raise stop


def test_whoever_debugs_sees_errors_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MH_BATCH_DEBUG", "1")
    with pytest.raises(RuntimeError, match=SECRET), messages_withheld():
        QUOTES[0](SECRET)


def quote(*arguments: object) -> Any:
    raise ValueError(SECRET)


def test_no_function_that_spark_calls_lets_a_message_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((labelled_data, "text_facts"), (spark_buckets, "_keyed")):
        monkeypatch.setattr(module, name, quote)
    batch = pa.RecordBatch.from_pydict({"doc_id": ["a"], "text": [SECRET]})
    told_of(lambda: list(labelled_data.facts_of_batches([batch], detect=False)))
    told_of(lambda: list(spark_buckets._keyed_batches([batch], LONG, 0.5, 1)))
    told_of(lambda: _of_arrays(lambda: quote)(pa.array([SECRET])))


def test_what_workers_are_sent_can_be_sent() -> None:
    def work() -> None:
        with messages_withheld():
            quote()

    told_of(pickle.loads(cloudpickle.dumps(work)))  # type: ignore[no-untyped-call]  # it carries no types


def test_sparks_own_errors_are_told_by_their_condition() -> None:
    error = PySparkException(errorClass="CANNOT_BE_NONE", messageParameters={"arg_name": SECRET})
    assert SECRET in str(error)

    def work() -> None:
        with translate_spark_errors(Corpus(None, 0, ()), "out"):  # type: ignore[arg-type]  # no documents are looked at
            raise error

    assert told_of(work).startswith("Spark failed (CANNOT_BE_NONE)")


def test_an_error_of_ours_in_a_worker_is_told_in_its_words() -> None:
    error = PySparkException("Traceback\n  File x\nmh_batch.errors.PlatformError: no GPU\n\n\tat java.lang.Thread")
    assert redacted_message(error) == "no GPU"


@pytest.mark.parametrize("fail", QUOTES)
def test_a_command_that_fails_as_nobody_foresaw_prints_one_line_without_the_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fail: Callable[[str], None]
) -> None:
    monkeypatch.setattr("mh_batch.commands.classify_command._texts", lambda texts: fail(SECRET))
    assert main(["classify", "Some text."]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("mh-batch: ")
    assert "MH_BATCH_DEBUG=1" in err
    assert SECRET not in err
    monkeypatch.setenv("MH_BATCH_DEBUG", "1")
    with pytest.raises(BaseException, match="heron"):
        main(["classify", "Some text."])


def test_native_code_prints_nothing_while_standard_error_is_muted(capfd: pytest.CaptureFixture[str]) -> None:
    with stderr_muted():
        os.write(2, SECRET.encode())
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "afterwards"


class _Kept(logging.Handler):
    """A handler of an application, which formats what it is given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record) + str(vars(record)))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Our records, as a host application's handler of the root logger formats them."""
    handler = _Kept()
    logging.root.addHandler(handler)
    yield handler.lines
    logging.root.removeHandler(handler)


def secret_error() -> Exception:
    try:
        QUOTES[0](SECRET)
    except RuntimeError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "log",
    [
        lambda logger, error: logger.error("failed: %s", error),
        lambda logger, error: logger.error(error),
        lambda logger, error: logger.error("failed", exc_info=error),
        lambda logger, error: logger.error("failed in %s", "a stage", exc_info=error),
        lambda logger, error: logger.error("failed: %(why)s", {"why": error}),
    ],
)
def test_an_error_that_is_logged_is_told_by_its_kind_and_place(
    lines: list[str], log: Callable[[logging.Logger, Exception], None]
) -> None:
    log(get_logger("mh_batch.somewhere"), secret_error())
    (line,) = lines
    assert SECRET not in line
    assert "RuntimeError, after KeyError in tests/leak_search.py:" in line


def test_a_traceback_that_is_logged_where_an_error_is_caught_holds_no_message(
    lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with console():
        try:
            QUOTES[0](SECRET)
        except RuntimeError:
            get_logger("mh_batch.somewhere").exception("this failed, 100 % of it")
    (line,) = lines
    said = capsys.readouterr().err
    assert SECRET not in line + said
    assert said.startswith("mh-batch: this failed, 100 % of it: RuntimeError, after KeyError in tests/leak_search.py:")


def test_an_error_of_ours_that_is_logged_says_what_it_says_and_not_what_led_to_it(lines: list[str]) -> None:
    error = CorpusChangedError("start again")
    error.__cause__ = secret_error()
    get_logger("mh_batch.somewhere").error("failed", exc_info=error)
    (line,) = lines
    assert "failed: start again" in line
    assert SECRET not in line


def test_whoever_debugs_gets_records_whole(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MH_BATCH_DEBUG", "1")
    get_logger("mh_batch.somewhere").error("failed", exc_info=secret_error())
    assert SECRET in lines[0]


def test_loggers_of_the_package_come_with_the_filter() -> None:
    """Records pass the filters of their own logger only, not those of the loggers above it."""
    package = Path(mh_batch.__file__).parent
    plain = [path for path in package.rglob("*.py") if re.search(r"getLogger\(__name__", path.read_text())]
    assert plain == []

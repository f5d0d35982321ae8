"""Errors whose messages quote a text are printed without them."""

import os
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from pyspark import cloudpickle
from pyspark.errors import PySparkException

from mh_batch.cli import main
from mh_batch.common.redaction import messages_withheld, stderr_muted, told
from mh_batch.corpus.admission import _of_arrays
from mh_batch.corpus.corpus import Corpus
from mh_batch.datasets.preparation import spark_buckets
from mh_batch.datasets.preparation.shingles import LONG
from mh_batch.errors import CorpusChangedError, WithheldError
from mh_batch.evaluation import data
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
    for module, name in ((data, "text_facts"), (spark_buckets, "_keyed")):
        monkeypatch.setattr(module, name, quote)
    batch = pa.RecordBatch.from_pydict({"doc_id": ["a"], "text": [SECRET]})
    told_of(lambda: list(data.facts_of_batches([batch], detect=False)))
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
    assert told(error) == "no GPU"


@pytest.mark.parametrize("fail", QUOTES)
def test_a_command_that_fails_as_nobody_foresaw_prints_one_line_without_the_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fail: Callable[[str], None]
) -> None:
    monkeypatch.setattr("mh_batch.commands.models._texts", lambda texts: fail(SECRET))
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

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from pyspark import TaskContext

from mh_batch.errors import CorpusChangedError, PlatformError, WithheldError
from mh_batch.inference import TextScore
from mh_batch.inference.execution import Execution
from mh_batch.inference.scorer import Scorer
from mh_batch.models import Model
from mh_batch.scoring import worker
from mh_batch.scoring.counters import Counters
from mh_batch.scoring.shipping import ShippedModel
from mh_batch.scoring.worker import device_of_task, store_rows
from mh_batch.settings import Device
from mh_batch.validation import load_contract


def test_rows_of_the_store_hold_its_contract() -> None:
    rows = store_rows([("a", TextScore((0.25, 0.75), 3, 1)), ("b", TextScore(None, failure="out_of_memory"))])
    assert rows.schema == load_contract("store").arrow_schema()
    assert rows.to_pylist() == [
        {"content_key": "a", "probabilities": [0.25, 0.75], "n_tokens": 3, "n_windows": 1, "failure": None},
        {"content_key": "b", "probabilities": None, "n_tokens": 0, "n_windows": 0, "failure": "out_of_memory"},
    ]


@pytest.mark.parametrize(
    ("asked", "given", "device"),
    [("auto", ["3"], "cuda:3"), ("auto", None, "cpu"), ("cpu", ["3"], "cpu"), ("cuda", ["1"], "cuda:1")],
)
def test_the_device_is_what_spark_gave_the_task(
    monkeypatch: pytest.MonkeyPatch, asked: Device, given: list[str] | None, device: str
) -> None:
    resources = {"gpu": SimpleNamespace(addresses=given)} if given else {}
    context = SimpleNamespace(resources=lambda: resources, partitionId=lambda: 0)
    monkeypatch.setattr(TaskContext, "get", classmethod(lambda cls: context))
    assert device_of_task(asked) == device


def test_insisting_on_a_gpu_where_there_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(PlatformError, match="no GPU"):
        device_of_task("cuda")


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Counters:
    """Counters for a worker inside of this process, to which it must not do what it does to its own."""
    monkeypatch.setattr(worker, "_loaded", {})
    monkeypatch.setattr(worker, "_take_the_tasks_cores", lambda: None)
    context = SimpleNamespace(accumulator=lambda start, kind: SimpleNamespace(add=lambda value: None))
    return Counters(context)  # type: ignore[arg-type]  # it only makes accumulators


def _score(model: Model, counters: Counters, batches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    work = worker.scoring_function(ShippedModel(model, None), Execution("exact", "fp32"), "cpu", 1024, counters)
    rows = work(pa.RecordBatch.from_pydict(dict(batch)) for batch in batches)
    return [row for batch in rows for row in batch.to_pylist()]


def test_batches_of_texts_become_rows_of_the_store(xlmr_mini: Model, counters: Counters) -> None:
    batches = [{"content_key": [f"k{n}"], "text": [f"A calm day {n}"], "n_chars": [12]} for n in range(3)]
    assert {row["content_key"] for row in _score(xlmr_mini, counters, batches)} == {"k0", "k1", "k2"}


def test_a_partition_without_texts_loads_no_model(xlmr_mini: Model, counters: Counters) -> None:
    assert _score(xlmr_mini, counters, []) == []
    assert worker._loaded == {}


def test_a_text_that_changed_since_its_key_was_made_stops_the_run(xlmr_mini: Model, counters: Counters) -> None:
    with pytest.raises(CorpusChangedError, match="replaced while it was being read") as error:
        _score(xlmr_mini, counters, [{"content_key": ["k"], "text": ["Another secret day"], "n_chars": [12]}])
    assert "secret" not in str(error.value)


class _Quoting:
    """A scorer that quotes what it chokes on."""

    def stream(self, texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, TextScore]]:
        for _, text in texts:
            raise ValueError(text)
        yield from ()


def test_what_a_scorer_says_of_a_text_is_not_told_to_spark(xlmr_mini: Model, counters: Counters) -> None:
    shipped, execution = ShippedModel(xlmr_mini, None), Execution("exact", "fp32")
    work = worker.scoring_function(shipped, execution, "cpu", 1024, counters, lambda *asked: _Quoting())
    batch = pa.RecordBatch.from_pydict({"content_key": ["k"], "text": ["A secret day"], "n_chars": [12]})
    with pytest.raises(WithheldError, match=r"^ValueError in ") as error:
        list(work([batch]))
    assert "secret" not in "".join(traceback.format_exception(error.value))


def test_another_card_on_the_same_files_gets_a_scorer_of_its_own(xlmr_mini: Model, counters: Counters) -> None:
    other = replace(xlmr_mini, card=xlmr_mini.card.model_copy(update={"fold": "mean"}))
    execution = Execution("exact", "fp32")
    scorers = [
        worker._scorer(worker.load_shared, ShippedModel(model, None), execution, "cpu", 1024, counters)
        for model in (xlmr_mini, other)
    ]
    folds = [scorer.card.fold for scorer in scorers if isinstance(scorer, Scorer)]
    assert folds == ["max", "mean"]

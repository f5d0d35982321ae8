from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pytest

from mh_batch.errors import PlatformError
from mh_batch.inference import TextScore
from mh_batch.models import Model
from mh_batch.scoring import worker
from mh_batch.scoring.counters import Counters
from mh_batch.scoring.shipping import ShippedModel
from mh_batch.scoring.worker import device_of_task, gather, store_rows
from mh_batch.validation import load_contract


def batches(*sizes: int) -> Iterator[pa.RecordBatch]:
    number = 0
    for size in sizes:
        rows = [{"content_key": str(number + i), "text": "four"} for i in range(size)]
        number += size
        yield pa.RecordBatch.from_pylist(rows, schema=pa.schema({"content_key": pa.string(), "text": pa.string()}))


def test_texts_are_gathered_across_arrow_batches() -> None:
    gathered = list(gather(batches(3, 0, 2)))
    assert gathered == [(["0", "1", "2", "3", "4"], ["four"] * 5)]


def test_gathering_is_bounded_in_texts_and_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_GATHERED_TEXTS", 4)
    assert [len(keys) for keys, _ in gather(batches(3, 3, 3))] == [4, 4, 1]
    monkeypatch.setattr(worker, "_GATHERED_CHARS", 8)
    assert [len(keys) for keys, _ in gather(batches(3, 2))] == [2, 2, 1]


def test_rows_of_the_store_hold_its_contract() -> None:
    rows = store_rows(["a", "b"], [TextScore((0.25, 0.75), 3, 1), TextScore(None, failure="out_of_memory")])
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
    monkeypatch: pytest.MonkeyPatch, asked: worker.Device, given: list[str] | None, device: str
) -> None:
    resources = {"gpu": SimpleNamespace(addresses=given)} if given else {}
    context = SimpleNamespace(resources=lambda: resources, partitionId=lambda: 0)
    monkeypatch.setattr(worker.TaskContext, "get", classmethod(lambda cls: context))
    assert device_of_task(asked) == device


def test_insisting_on_a_gpu_where_there_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(PlatformError, match="no GPU"):
        device_of_task("cuda")


def test_another_card_on_the_same_files_gets_a_scorer_of_its_own(xlmr_mini: Model) -> None:
    context = SimpleNamespace(accumulator=lambda start: SimpleNamespace(add=lambda value: None))
    counters = Counters.on(context)  # type: ignore[arg-type]  # it only makes accumulators
    other = replace(xlmr_mini, card=xlmr_mini.card.model_copy(update={"fold": "mean"}))
    folds = [worker._scorer(ShippedModel(model, None), "cpu", 1024, counters).card.fold for model in (xlmr_mini, other)]
    assert folds == ["max", "mean"]

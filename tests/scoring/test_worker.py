from dataclasses import replace
from types import SimpleNamespace

import pytest

from mh_batch.errors import PlatformError
from mh_batch.inference import TextScore
from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.scoring import worker
from mh_batch.scoring.counters import Counters
from mh_batch.scoring.shipping import ShippedModel
from mh_batch.scoring.worker import device_of_task, store_rows
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
    context = SimpleNamespace(accumulator=lambda start, kind: SimpleNamespace(add=lambda value: None))
    counters = Counters(context)  # type: ignore[arg-type]  # it only makes accumulators
    other = replace(xlmr_mini, card=xlmr_mini.card.model_copy(update={"fold": "mean"}))
    execution = Execution("exact", "fp32")
    folds = [
        worker._scorer(ShippedModel(model, None), execution, "cpu", 1024, counters).card.fold
        for model in (xlmr_mini, other)
    ]
    assert folds == ["max", "mean"]

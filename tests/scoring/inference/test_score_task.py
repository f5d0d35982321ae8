import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark import TaskContext

from mh_batch.contracts import load_contract
from mh_batch.errors import PlatformError, WithheldError
from mh_batch.inference import Execution, ScoredTexts, Scorer, TokenizedTexts
from mh_batch.models import Model
from mh_batch.scoring.inference import score_task
from mh_batch.scoring.inference.model_loading import ModelLoader, SharedModels, ShippedModel
from mh_batch.scoring.inference.score_task import OutstandingKeys, gathered, store_rows, tokenized_texts
from mh_batch.spark import Counters, Placement, device_of_task


def scored(numbers: Sequence[int], failures: Mapping[int, str] | None = None) -> ScoredTexts:
    """Texts whose number is what is said of them."""
    probabilities = np.array([[number, 1 - number] for number in numbers], float)
    probabilities[list(failures or {})] = np.nan
    lengths = np.array(numbers, np.int64)
    return ScoredTexts(lengths, probabilities, lengths * 10, np.ones(len(lengths), np.int64), failures or {})


def test_rows_of_the_store_hold_its_contract() -> None:
    rows = store_rows(pa.array(["a", "b", "c"]), scored([1, 2, 3], {1: "out_of_memory"}))
    assert rows.schema == load_contract("store").arrow_schema()
    assert rows.to_pylist() == [
        {"content_key": "a", "probabilities": [1, 0], "n_tokens": 10, "n_windows": 1, "failure": None},
        {"content_key": "b", "probabilities": None, "n_tokens": 20, "n_windows": 1, "failure": "out_of_memory"},
        {"content_key": "c", "probabilities": [3, -2], "n_tokens": 30, "n_windows": 1, "failure": None},
    ]


def test_small_parts_are_put_together_with_what_failed_in_each() -> None:
    parts = [scored(range(400)), scored(range(400, 900), {7: "x"}), scored(range(900, 1100)), scored([1100], {0: "y"})]
    first, second = gathered(parts)
    assert first.numbers.tolist() == list(range(1100))
    assert first.failures == {407: "x"}
    assert np.flatnonzero(np.isnan(first.probabilities[:, 0])).tolist() == [407]
    assert (second.numbers.tolist(), second.failures) == ([1100], {0: "y"})


def test_keys_are_found_by_number_and_let_go() -> None:
    keys, random = OutstandingKeys(), np.random.default_rng(1)
    waiting: list[int] = []
    most = 0
    for start in range(0, 50_000, 500):
        keys.append(pa.array([f"k{number}" for number in range(start, start + 500)]))
        waiting += range(start, start + 500)
        random.shuffle(waiting)
        while len(waiting) > 700:
            taken, waiting = waiting[:100], waiting[100:]
            assert keys.take(np.array(taken)).to_pylist() == [f"k{number}" for number in taken]
        most = max(most, len(keys))
    assert keys.take(np.array(waiting)).to_pylist() == [f"k{number}" for number in waiting]
    assert most < 2_000


def test_ids_are_read_where_they_lie_even_of_a_slice() -> None:
    lists = [[1], [2, 3], [], [4, 5, 6], []]
    failures = [None, None, "x", None, "y"]
    columns = {"ids": pa.array(lists, pa.list_(pa.int32())), "failure": pa.array(failures)}
    whole = pa.RecordBatch.from_pydict(columns)
    for start, end in ((0, 5), (0, 2), (1, 4), (3, 5), (2, 2)):
        batch = whole.slice(start, end - start)
        found = tokenized_texts(batch)
        rows = [found.tokens.take(np.array([row])).ids.tolist() for row in range(len(found))]
        assert rows == lists[start:end]
        assert found.failures == {n: word for n, word in enumerate(failures[start:end]) if word}
        if start < end:
            assert np.shares_memory(found.tokens.ids, batch["ids"].values.to_numpy()) or not found.tokens.ids.size


@pytest.mark.parametrize(
    ("placement", "given", "device"),
    [
        (Placement("cuda"), ["3"], "cuda:3"),
        (Placement("cpu"), ["3"], "cpu"),
        (Placement("cpu"), None, "cpu"),
    ],
)
def test_the_device_is_what_spark_gave_the_task(
    monkeypatch: pytest.MonkeyPatch, placement: Placement, given: list[str] | None, device: str
) -> None:
    resources = {"gpu": SimpleNamespace(addresses=given)} if given else {}
    monkeypatch.setattr(TaskContext, "get", lambda: SimpleNamespace(resources=lambda: resources))
    assert device_of_task(placement) == device


def test_a_task_that_was_to_have_a_gpu_and_has_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskContext, "get", lambda: SimpleNamespace(resources=dict))
    with pytest.raises(PlatformError, match="Spark gave its task none"):
        device_of_task(Placement("cuda", exclusive=True))


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Counters:
    """Counters for a worker inside of this process, to which it must not do what it does to its own."""
    monkeypatch.setattr(score_task, "_loaded", {})
    monkeypatch.setattr(score_task, "_take_the_tasks_cores", lambda: None)
    context = SimpleNamespace(accumulator=lambda start, kind: SimpleNamespace(add=lambda value: None))
    return Counters(context)  # type: ignore[arg-type]  # it only makes accumulators


def _batch(keys: Sequence[str], ids: Sequence[Sequence[int]], failures: Sequence[str | None]) -> pa.RecordBatch:
    lists = pa.array(ids, pa.list_(pa.int32()))
    columns = {"content_key": keys, "ids": lists, "failure": pa.array(failures, pa.string())}
    return pa.RecordBatch.from_pydict(columns)


def _score(
    model: Model, counters: Counters, batches: Iterable[pa.RecordBatch], load: ModelLoader | None = None
) -> list[dict[str, Any]]:
    shipped, execution = ShippedModel(model, None), Execution("exact", "fp32")
    work = score_task.scoring_function(shipped, execution, Placement(), 1024, counters, load or SharedModels())
    return [row for batch in work(batches) for row in batch.to_pylist()]


def test_batches_of_token_ids_become_rows_of_the_store(xlmr_mini: Model, counters: Counters) -> None:
    batches = [_batch([f"k{n}", f"f{n}"], [[7, 8, 9 + n], []], [None, "no_tokens"]) for n in range(3)]
    rows = {row["content_key"]: row for row in _score(xlmr_mini, counters, batches)}
    assert rows.keys() == {f"{letter}{n}" for letter in "kf" for n in range(3)}
    assert {(row["n_tokens"], row["failure"]) for row in rows.values()} == {(3, None), (0, "no_tokens")}
    assert all(sum(rows[f"k{n}"]["probabilities"]) == pytest.approx(1) for n in range(3))


def test_a_partition_without_texts_loads_no_model(xlmr_mini: Model, counters: Counters) -> None:
    assert _score(xlmr_mini, counters, []) == []
    assert score_task._loaded == {}


@dataclass(frozen=True)
class _Quoting(SharedModels):
    """A scorer that quotes what it chokes on."""

    def scorer(self, *asked: Any) -> "_Quoting":
        return self

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        for part in texts:
            raise ValueError(f"secret {part.tokens.ids.tolist()}")
        yield from ()


def test_what_a_scorer_says_of_a_text_is_not_told_to_spark(xlmr_mini: Model, counters: Counters) -> None:
    with pytest.raises(WithheldError, match=r"^ValueError in ") as error:
        _score(xlmr_mini, counters, [_batch(["k"], [[4711]], [None])], _Quoting())
    assert "secret" not in "".join(traceback.format_exception(error.value))


def test_another_card_on_the_same_files_gets_a_scorer_of_its_own(xlmr_mini: Model, counters: Counters) -> None:
    other = replace(xlmr_mini, card=xlmr_mini.card.model_copy(update={"fold": "mean"}))
    execution = Execution("exact", "fp32")
    scorers = [
        score_task._scorer(SharedModels(), ShippedModel(model, None), execution, "cpu", 1024, counters)
        for model in (xlmr_mini, other)
    ]
    folds = [scorer.card.fold for scorer in scorers if isinstance(scorer, Scorer)]
    assert folds == ["max", "mean"]

"""The Spark task of the inference stage: Arrow batches of token ids in, rows of the score store out."""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import pyarrow as pa
from pyspark import TaskContext

from mh_batch.common.redaction import messages_withheld
from mh_batch.contracts import load_contract
from mh_batch.inference import (
    Execution,
    Integers,
    ScoredTexts,
    TokenizedTexts,
    TokenSequences,
    offsets_of,
    release_memory,
)
from mh_batch.scoring.inference.model_loading import ModelLoader, ShippedModel, TokenScorer
from mh_batch.spark import (
    BatchFunction,
    Counters,
    Effort,
    Placement,
    device_of_task,
    leave_archives_alone,
    made_to_stay,
    peak_bytes,
)

_ROWS_PER_BATCH = 1000

# One model on each device: a Python worker outlives its task, and the next task finds the model loaded.
_loaded: dict[tuple[ModelLoader, str, Execution, str, int | None], TokenScorer] = {}


def scoring_function(
    shipped: ShippedModel,
    execution: Execution,
    placement: Placement,
    token_budget: int | None,
    counters: Counters,
    load: ModelLoader,
) -> BatchFunction:
    """Return the function that `DataFrame.mapInArrow` applies to batches of `content_key, ids, failure`.

    Args:
        shipped: The model.
        execution: Engine and precision.
        placement: Where it computes.
        token_budget: Padded tokens in one batch of the model; by the memory at hand if None.
        counters: Told what was done.
        load: Loads what scores texts.
    """

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with messages_withheld():
            yield from scored_batches(batches)

    def scored_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        leave_archives_alone()
        arriving = (batch for batch in batches if batch.num_rows)
        first = next(arriving, None)
        if first is None:
            return
        scorer = _scorer(load, shipped, execution, device_of_task(placement), token_budget, counters)
        keys = OutstandingKeys()

        def texts() -> Iterator[TokenizedTexts]:
            for batch in chain([first], arriving):
                keys.append(batch["content_key"])
                yield tokenized_texts(batch)

        for scored in gathered(scorer.score_tokens(texts())):
            tokens, windows = int(scored.n_tokens.sum()), int(scored.n_windows.sum())
            counters.add(Effort(texts=len(scored), tokens=tokens, windows=windows))
            yield store_rows(keys.take(scored.numbers), scored)
        counters.add(Effort(worker_peak_bytes=peak_bytes()))

    return score


def tokenized_texts(batch: pa.RecordBatch) -> TokenizedTexts:
    """Return the token ids of a batch (`ids, failure`) as arrays that share its memory."""
    lists, words = batch["ids"], batch["failure"]
    # Of a slice of a batch the offsets begin later, while the values are those of the whole.
    offsets = np.asarray(lists.offsets).astype(np.int64)
    tokens = TokenSequences(lists.values.to_numpy(zero_copy_only=True)[offsets[0] : offsets[-1]], offsets - offsets[0])
    if words.null_count == len(words):
        return TokenizedTexts(tokens)
    failed = np.flatnonzero(np.asarray(words.is_valid()))
    return TokenizedTexts(tokens, dict(zip(failed.tolist(), words.take(pa.array(failed)).to_pylist(), strict=True)))


class OutstandingKeys:
    """Keys of a stream's texts, from their arrival until their scores are taken; never an object for each.

    Scores come in another order than texts, but not much later, so what is held stays small: keys whose scores were
    taken are let go whenever others arrive.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._keys: pa.Array = pa.array([], pa.string())
        self._numbers: Integers = np.zeros(0, np.int64)
        self._open = np.zeros(0, bool)
        self._arrived: list[pa.Array] = []
        self._next = 0

    def __len__(self) -> int:
        """The number of keys held."""
        return len(self._keys) + sum(map(len, self._arrived))

    def append(self, keys: pa.Array) -> None:
        """Take the keys of the stream's next texts."""
        self._arrived.append(keys)

    def take(self, numbers: Integers) -> pa.Array:
        """Give the keys of the texts at these places of the stream, each once."""
        if self._arrived:
            self._settle()
        rows = np.searchsorted(self._numbers, numbers)
        self._open[rows] = False
        return self._keys.take(pa.array(rows))

    def _settle(self) -> None:
        arrived = sum(map(len, self._arrived))
        self._keys = pa.concat_arrays([self._keys.filter(pa.array(self._open)), *self._arrived])
        numbers = np.arange(self._next, self._next + arrived)
        self._numbers = np.concatenate([self._numbers[self._open], numbers])
        self._open = np.ones(len(self._numbers), bool)
        self._next += arrived
        self._arrived = []


def gathered(scored: Iterable[ScoredTexts]) -> Iterator[ScoredTexts]:
    """Put small parts together: Spark takes its time for each Arrow batch."""
    waiting: list[ScoredTexts] = []
    for part in scored:
        waiting.append(part)
        if sum(map(len, waiting)) >= _ROWS_PER_BATCH:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def store_rows(keys: pa.Array, scored: ScoredTexts) -> pa.RecordBatch:
    """Return rows of the store's contract for texts with these keys."""
    texts, labels = scored.probabilities.shape
    sound = np.ones(texts, bool)
    sound[list(scored.failures)] = False
    probabilities = scored.probabilities if sound.all() else scored.probabilities[sound]
    lists = pa.ListArray.from_arrays(
        pa.array(offsets_of(sound * labels).astype(np.int32)),
        pa.array(probabilities.ravel()),
        mask=None if sound.all() else pa.array(~sound),
    )
    words: pa.Array = pa.nulls(texts, pa.string())
    if scored.failures:
        words = pa.array([scored.failures.get(row) for row in range(texts)], pa.string())
    columns = [keys, lists, pa.array(scored.n_tokens), pa.array(scored.n_windows), words]
    return pa.RecordBatch.from_arrays(columns, schema=load_contract("store").arrow_schema())


def _joined(parts: list[ScoredTexts]) -> ScoredTexts:
    if len(parts) == 1:
        return parts[0]
    failures: dict[int, str] = {}
    before = 0
    for part in parts:
        failures |= {before + row: word for row, word in part.failures.items()}
        before += len(part)
    return ScoredTexts(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.n_tokens for part in parts]),
        np.concatenate([part.n_windows for part in parts]),
        failures,
    )


def _scorer(
    load: ModelLoader,
    shipped: ShippedModel,
    execution: Execution,
    device: str,
    token_budget: int | None,
    counters: Counters,
) -> TokenScorer:
    model = shipped.on_this_machine()
    wanted = (load, model.fingerprint(execution.precision), execution, device, token_budget)
    if wanted not in _loaded:
        with made_to_stay():
            for other in [key for key in _loaded if key[3] == device]:
                del _loaded[other]
                release_memory()  # or the next model would be given what is left beside it
            _take_the_tasks_cores()
            _loaded[wanted] = load.scorer(model, execution, device, token_budget)
        counters.add(Effort(model_loads=1))
    return _loaded[wanted]


def _take_the_tasks_cores() -> None:
    """Compute on as many cores as Spark gave the task: the other cores run other tasks."""
    import torch

    context = TaskContext.get()
    torch.set_num_threads(context.cpus() if context else 1)

"""What runs in a Spark task: Arrow batches of texts in, rows of the score store out."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol
from zipimport import zipimporter

import pyarrow as pa
from pyspark import TaskContext

from mh_batch.errors import CorpusChangedError, PlatformError
from mh_batch.inference import TextScore, load_scorer
from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.redaction import messages_withheld
from mh_batch.scoring.counters import Counters, Effort, peak_bytes
from mh_batch.scoring.shipping import ShippedModel
from mh_batch.settings import Device
from mh_batch.validation import load_contract

KeyedScore = tuple[str, TextScore]
BatchFunction = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_ROWS_PER_BATCH = 1000


class TextScorer(Protocol):
    """What scores a stream of texts."""

    def stream(self, texts: Iterable[tuple[str, str]]) -> Iterator[KeyedScore]:
        """Yield each text's key with what it scored, in any order."""


# Takes the model, engine and precision, the device, and the tokens of a batch.
Loader = Callable[[Model, Execution, str, int | None], TextScorer]

# One model on each device: a Python worker outlives its task, and the next task finds the model loaded.
_loaded: dict[tuple[Loader, str, Execution, str, int | None], TextScorer] = {}


def load_shared(model: Model, execution: Execution, device: str, token_budget: int | None) -> TextScorer:
    """Load a model whose weights the workers of a machine share."""
    return load_scorer(model, execution, device, token_budget, shared=True)


def scoring_function(
    shipped: ShippedModel,
    execution: Execution,
    device: Device,
    token_budget: int | None,
    counters: Counters,
    load: Loader = load_shared,
) -> BatchFunction:
    """Return the function that `DataFrame.mapInArrow` applies to batches of `content_key, text, n_chars`.

    Args:
        shipped: The model.
        execution: Engine and precision.
        device: "auto" takes the GPU that Spark gave the task, else the CPU; "cuda" insists on one.
        token_budget: Padded tokens in one batch of the model; by the memory at hand if None.
        counters: Told what was done.
        load: Loads what scores texts.
    """

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with messages_withheld():
            yield from scored_batches(batches)

    def scored_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        _leave_archives_alone()
        texts = _texts(batches, counters)
        first = next(texts, None)
        if first is None:
            return
        scorer = _scorer(load, shipped, execution, device_of_task(device), token_budget, counters)
        for scored in _portions(scorer.stream(chain([first], texts))):
            counters.add(
                Effort(
                    texts=len(scored),
                    tokens=sum(score.n_tokens for _, score in scored),
                    windows=sum(score.n_windows for _, score in scored),
                )
            )
            yield store_rows(scored)
        counters.add(Effort(worker_peak_bytes=peak_bytes()))

    return score


def _leave_archives_alone() -> None:
    """PySpark has every task look for new modules, for which Python reads the directories of all zips on its path.

    That takes a third of a second for Spark's own. Archives of a running job do not change.
    """
    zipimporter.invalidate_caches = lambda self: None  # type: ignore[method-assign] # there is no other way in


def _texts(batches: Iterable[pa.RecordBatch], counters: Counters) -> Iterator[tuple[str, str]]:
    for batch in batches:
        texts = batch["text"].to_pylist()
        lengths = [len(text or "") for text in texts]
        # Texts are read a second time here, and what is scored stays in the store under the key of the first.
        if lengths != batch["n_chars"].to_pylist():
            raise CorpusChangedError("a file of the corpus was replaced while it was being read: start again")
        counters.add(Effort(chars=sum(lengths)))
        yield from zip(batch["content_key"].to_pylist(), texts, strict=True)


def _portions(scored: Iterable[KeyedScore]) -> Iterator[list[KeyedScore]]:
    rest = iter(scored)
    while portion := list(islice(rest, _ROWS_PER_BATCH)):
        yield portion


def store_rows(scored: Sequence[KeyedScore]) -> pa.RecordBatch:
    """Return rows of the store's contract."""
    scores = [score for _, score in scored]
    columns = {
        "content_key": [key for key, _ in scored],
        "probabilities": [score.probabilities for score in scores],
        "n_tokens": [score.n_tokens for score in scores],
        "n_windows": [score.n_windows for score in scores],
        "failure": [score.failure for score in scores],
    }
    return pa.RecordBatch.from_pydict(columns, schema=load_contract("store").arrow_schema())


def device_of_task(device: Device) -> str:
    """Return the PyTorch device of the running task.

    Raises:
        PlatformError: a GPU was asked for and this task was given none and finds none.
    """
    context = TaskContext.get()
    given = context.resources().get("gpu") if context else None
    if device == "cpu" or (device == "auto" and given is None):
        return "cpu"
    if given is not None:
        return f"cuda:{given.addresses[0]}"
    import torch

    if not torch.cuda.is_available():
        raise PlatformError("--device cuda, but the executor has no GPU that PyTorch can use")
    partition = context.partitionId() if context else 0
    return f"cuda:{partition % torch.cuda.device_count()}"


def _scorer(
    load: Loader, shipped: ShippedModel, execution: Execution, device: str, token_budget: int | None, counters: Counters
) -> TextScorer:
    model = shipped.on_this_machine()
    wanted = (load, model.fingerprint(execution.precision), execution, device, token_budget)
    if wanted not in _loaded:
        gc.unfreeze()
        for other in [key for key in _loaded if key[3] == device]:
            del _loaded[other]
        _take_the_tasks_cores()
        _loaded[wanted] = load(model, execution, device, token_budget)
        # PySpark collects garbage after every task, which takes a quarter of a second to look at all that torch keeps.
        gc.collect()
        gc.freeze()
        counters.add(Effort(model_loads=1))
    return _loaded[wanted]


def _take_the_tasks_cores() -> None:
    """Compute on as many cores as Spark gave the task: the other cores run other tasks."""
    import torch

    context = TaskContext.get()
    torch.set_num_threads(context.cpus() if context else 1)
    # The tokenizer's own threads would fight over the same cores.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"

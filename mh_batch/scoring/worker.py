"""What runs in a Spark task: Arrow batches of texts in, rows of the score store out."""

import os
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark import TaskContext

from mh_batch.errors import PlatformError
from mh_batch.inference import Scorer, TextScore, load_scorer
from mh_batch.inference.loading import PRECISION
from mh_batch.scoring.counters import Counters
from mh_batch.scoring.shipping import ShippedModel
from mh_batch.settings import Device
from mh_batch.validation import load_contract

# Texts that are gathered before they are batched: enough to sort by length, little enough for a task's memory.
_GATHERED_TEXTS = 4096
_GATHERED_CHARS = 8_000_000

BatchFunction = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

# One model at a time: a Python worker outlives its task, and the next task finds the model loaded.
_loaded: dict[tuple[str, str, int], Scorer] = {}


def scoring_function(shipped: ShippedModel, device: Device, token_budget: int, counters: Counters) -> BatchFunction:
    """Return the function that `DataFrame.mapInArrow` applies to batches of `content_key, text`.

    Args:
        shipped: The model.
        device: "auto" takes the GPU that Spark gave the task, else the CPU; "cuda" insists on one.
        token_budget: Padded tokens in one batch of the model.
        counters: Told what was done.
    """

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorer = _scorer(shipped, device_of_task(device), token_budget, counters)
        for keys, texts in gather(batches):
            scores = scorer.score(texts)
            counters.texts.add(len(scores))
            counters.tokens.add(sum(score.n_tokens for score in scores))
            counters.windows.add(sum(score.n_windows for score in scores))
            yield store_rows(keys, scores)

    return score


def gather(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[list[str], list[str]]]:
    """Join Arrow batches into lists of keys and texts, large enough to be sorted by length with profit."""
    keys: list[str] = []
    texts: list[str] = []
    chars = 0
    for batch in batches:
        for key, text in zip(batch["content_key"].to_pylist(), batch["text"].to_pylist(), strict=True):
            keys.append(key)
            texts.append(text)
            chars += len(text)
            if len(texts) == _GATHERED_TEXTS or chars >= _GATHERED_CHARS:
                yield keys, texts
                keys, texts, chars = [], [], 0
    if texts:
        yield keys, texts


def store_rows(keys: list[str], scores: list[TextScore]) -> pa.RecordBatch:
    """Return rows of the store's contract."""
    columns = {
        "content_key": keys,
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


def _scorer(shipped: ShippedModel, device: str, token_budget: int, counters: Counters) -> Scorer:
    model = shipped.on_this_machine()
    wanted = (model.fingerprint(PRECISION), device, token_budget)
    if wanted not in _loaded:
        _loaded.clear()
        # Tasks are the unit of parallelism here; the tokenizer's own threads would fight over the same cores.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        _loaded[wanted] = load_scorer(model, device, token_budget)
        counters.model_loads.add(1)
    return _loaded[wanted]

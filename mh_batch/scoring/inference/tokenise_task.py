"""The Spark task of the tokenising stage: Arrow batches of texts in, their token ids out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mh_batch.common.redaction import messages_withheld
from mh_batch.errors import CorpusChangedError
from mh_batch.scoring.inference.model_loading import ModelLoader, ShippedModel, Tokenizer
from mh_batch.spark import BatchFunction, Counters, Effort, leave_archives_alone, made_to_stay, peak_bytes

if TYPE_CHECKING:  # its package imports torch
    from mh_batch.inference import TokenizedTexts

TOKENISED = "content_key string, ids array<int>, n_tokens bigint, failure string"

# A tokenizer takes some hundred bytes for each token meanwhile: novels must not come a thousand at once.
_CHARS_AT_ONCE = 500_000

# One tokenizer at a time: a Python worker outlives its task, and the next task finds it loaded.
_loaded: dict[tuple[ModelLoader, str], Tokenizer] = {}


def tokenising_function(shipped: ShippedModel, counters: Counters, load: ModelLoader) -> BatchFunction:
    """Return the function that `DataFrame.mapInArrow` applies to batches of `content_key, text, n_chars`.

    Args:
        shipped: The model.
        counters: Told what was done.
        load: Loads the tokenizer.
    """

    def tokenise(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with messages_withheld():
            yield from tokenised_batches(batches)

    def tokenised_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        leave_archives_alone()
        for batch in batches:
            chars = _checked_lengths(batch)
            for start, end in _portions(chars):
                found = _tokenizer(load, shipped).tokenize(batch["text"][start:end].to_pylist())
                counters.add(Effort(texts=len(found), chars=int(chars[start:end].sum()), tokens=found.tokens.tokens))
                yield tokenised_rows(batch["content_key"][start:end], found)
        counters.add(Effort(worker_peak_bytes=peak_bytes()))

    return tokenise


def tokenised_rows(keys: pa.Array, texts: TokenizedTexts) -> pa.RecordBatch:
    """Return rows of `TOKENISED`."""
    tokens = texts.tokens
    first, end = tokens.offsets[0], tokens.offsets[-1]
    ids = pa.ListArray.from_arrays(
        pa.array((tokens.offsets - first).astype(np.int32)), pa.array(tokens.ids[first:end], pa.int32())
    )
    words: pa.Array = pa.nulls(len(texts), pa.string())
    if texts.failures:
        words = pa.array([texts.failures.get(row) for row in range(len(texts))], pa.string())
    columns = {"content_key": keys, "ids": ids, "n_tokens": pa.array(tokens.lengths), "failure": words}
    return pa.RecordBatch.from_pydict(columns)


def _checked_lengths(batch: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Characters of each text."""
    chars = pc.utf8_length(batch["text"]).cast(pa.int64())
    # Texts are read a second time here, and what is scored stays in the store under the key of the first.
    if not chars.equals(batch["n_chars"]):
        raise CorpusChangedError("a file of the corpus was replaced while it was being read: start again")
    return np.asarray(chars)


def _portions(chars: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[tuple[int, int]]:
    """Cut a batch where a text begins that is too much for one call of the tokenizer."""
    call = np.cumsum(chars) // _CHARS_AT_ONCE
    starts = [0, *(np.flatnonzero(np.diff(call)) + 1).tolist(), len(chars)]
    return pairwise(starts) if len(chars) else iter(())


def _tokenizer(load: ModelLoader, shipped: ShippedModel) -> Tokenizer:
    wanted = (load, shipped.model.files_digest)
    if wanted not in _loaded:
        # Its own threads would fight over the cores with Spark's other tasks.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        with made_to_stay():
            _loaded.clear()
            _loaded[wanted] = load.tokenizer(shipped.on_this_machine())
    return _loaded[wanted]

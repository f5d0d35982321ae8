"""From what a model says of texts to rows of the score store, column by column."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from mh_batch.contracts import load_contract
from mh_batch.inference.portion import ScoredTexts
from mh_batch.inference.token_sequences import offsets_of

_ROWS_PER_BATCH = 1000


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

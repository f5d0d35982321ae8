"""This project's scorer on texts of many lengths: from ids, from texts by a worker, from texts in one process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from mh_batch.benchmark.device.bench import Bench
from mh_batch.benchmark.device.rounds import Task
from mh_batch.benchmark.device.samples import Sample, Samples
from mh_batch.inference import Scorer, load_scorer
from mh_batch.inference.token_sequences import TokenizedTexts

_MIXED = ("mixed",)
# The first results are waited for with so many batches in sight, as in a long run.
_BATCHES_TO_BEGIN = 8


def measure_own(bench: Bench, samples: Samples) -> None:
    """Measure the scorer, from the moment that it is loaded."""
    started = time.perf_counter()
    scorer = load_scorer(bench.model, bench.execution, bench.device)
    loading = time.perf_counter() - started
    bench.note({"load_seconds": loading, **_first_results(bench, scorer, samples)}, *_MIXED, "start")

    def from_ids(sample: Sample) -> Mapping[str, float]:
        return {"failed": _scored(scorer, sample.tokens)}

    def from_texts(sample: Sample) -> Mapping[str, float]:
        started = time.perf_counter()
        tokens = samples.processes.tokenize(sample.texts)
        tokenised = time.perf_counter()
        failed = _scored(scorer, tokens)
        computing = time.perf_counter() - tokenised
        return {"failed": failed, "tokenise_seconds": tokenised - started, "compute_seconds": computing}

    def stream(sample: Sample) -> Mapping[str, float]:
        return {"failed": sum(score.failure is not None for _, score in scorer.stream(enumerate(sample.texts)))}

    first, most = bench.first_texts, bench.most_texts
    bench.contend("engine_from_ids", _MIXED, lambda: Task(samples.of_ids, from_ids, samples.in_windows, first, most))
    bench.contend("from_texts", _MIXED, lambda: Task(samples.of_texts, from_texts, samples.in_windows, first, most))
    bench.contend("stream", _MIXED, lambda: Task(samples.of_texts, stream, samples.in_windows, first, most))


def _first_results(bench: Bench, scorer: Scorer, samples: Samples) -> dict[str, Any]:
    """The times from a process' start to its first batch, from there to the second, and of each of the others."""
    some = samples.of_ids(bench.first_texts)
    each = max(samples.in_windows(some).tokens / len(some.texts), 1.0)
    texts = min(round(_BATCHES_TO_BEGIN * bench.batch_tokens / each), bench.most_texts)
    sample = samples.of_ids(max(texts, 2))
    times = [time.perf_counter()]
    for _ in scorer.score_tokens(sample.tokens):
        times.append(time.perf_counter())
    waits = [after - before for before, after in pairwise(times)]
    amount = samples.in_windows(sample)
    return {
        "texts": amount.texts,
        "tokens": amount.tokens,
        "first_result_seconds": waits[0],
        "second_result_seconds": waits[1] if len(waits) > 1 else None,
        "each_result_seconds": waits,
    }


def _scored(scorer: Scorer, tokens: Iterable[TokenizedTexts]) -> int:
    """Score all texts; return how many could not be."""
    return sum(len(scored.failures) for scored in scorer.score_tokens(tokens))

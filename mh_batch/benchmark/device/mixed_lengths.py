"""Texts of many lengths: this project's scorer, whole libraries, and Hugging Face's model from ids."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from mh_batch.benchmark.candidates.base import ScoreTexts, Spec
from mh_batch.benchmark.candidates.libraries import cross_encoder, pipeline
from mh_batch.benchmark.device.bench import Bench
from mh_batch.benchmark.device.rounds import Task
from mh_batch.benchmark.device.samples import Sample, Samples
from mh_batch.inference import Scorer, TokenizedTexts, load_scorer
from mh_batch.inference.batching import token_budget_batches
from mh_batch.inference.engines.transfer import padded
from mh_batch.inference.execution import DTYPES

_MIXED = ("mixed",)
# The first results are waited for with so many batches in sight, as in a long run.
_BATCHES_TO_BEGIN = 8


def measure_own(bench: Bench, samples: Samples) -> None:
    """Measure the scorer, from the moment that it is loaded."""
    started = time.perf_counter()
    scorer = load_scorer(bench.model, bench.execution, bench.device)
    loading = time.perf_counter() - started
    bench.record({"load_seconds": loading, **_first_results(bench, scorer, samples)}, *_MIXED, "start")

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
    bench.measure("engine_from_ids", _MIXED, lambda: Task(samples.of_ids, from_ids, samples.in_windows, first, most))
    bench.measure("from_texts", _MIXED, lambda: Task(samples.of_texts, from_texts, samples.in_windows, first, most))
    bench.measure("stream", _MIXED, lambda: Task(samples.of_texts, stream, samples.in_windows, first, most))


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


def measure_peers(bench: Bench, samples: Samples, pad_id: int) -> None:
    """Measure the peers, all in the precision of our engine.

    Args:
        bench: The model on the device.
        samples: Texts, and the work in them.
        pad_id: What shorter windows are padded with.
    """
    spec = Spec(
        folder=str(bench.model.folder),
        texts="",
        max_tokens=bench.model.card.max_tokens,
        multi_label=bench.model.card.task == "multi_label",
        threads=torch.get_num_threads(),
        half=bench.execution.precision,
        device=bench.device,
    )
    bench.measure("hugging_face_sorted_from_ids", _MIXED, lambda: _sorted_from_ids(bench, samples, pad_id))
    peers: dict[str, tuple[int, Callable[[], ScoreTexts]]] = {
        "pipeline_32": (32, lambda: pipeline(spec, bench.execution.precision)),
        "cross_encoder_32": (32, lambda: cross_encoder(spec, 32)),
        "cross_encoder_512": (512, lambda: cross_encoder(spec, 512)),
    }
    for name, (rows, make) in peers.items():
        bench.measure(name, _MIXED, partial(_from_texts, bench, samples, rows, make))


def _from_texts(bench: Bench, samples: Samples, rows: int, make: Callable[[], ScoreTexts]) -> Task[Sample]:
    """A library that takes texts in batches of so many rows, one of which at least is full on a GPU."""
    score = make()

    def run(sample: Sample) -> Mapping[str, float]:
        score(sample.texts)
        return {}

    least = 1 if bench.device == "cpu" else rows
    return Task(samples.of_texts, run, samples.cut_off, bench.first_texts, bench.most_texts, least)


def _sorted_from_ids(bench: Bench, samples: Samples, pad_id: int) -> Task[Sample]:
    """Hugging Face's model as well as it is used: the windows that we read, sorted, in padded batches of our size."""
    from transformers import AutoModelForSequenceClassification

    dtype = DTYPES[bench.execution.precision]
    model = AutoModelForSequenceClassification.from_pretrained(bench.model.folder, dtype=dtype).to(bench.device).eval()
    windows_of = getattr(model.config, "attention_window", 1)
    pads_to = max(windows_of) if isinstance(windows_of, list) else int(windows_of)
    frame = samples.frame

    def run(sample: Sample) -> Mapping[str, float]:
        texts = TokenizedTexts.joined(sample.tokens).tokens
        windows = frame.cut(texts)
        order = np.argsort(-windows.length, kind="stable")
        lengths = windows.length[order] + frame.n_special
        for batch in token_budget_batches(lengths, bench.batch_tokens, pads_to):
            rows = order[batch]
            ids, valid = padded(frame.enclosed(texts.ids, windows.start[rows], windows.length[rows]), pad_id)
            with torch.inference_mode():
                model(input_ids=ids.to(bench.device), attention_mask=valid.long().to(bench.device)).logits.cpu()
        return {}

    return Task(samples.of_ids, run, samples.in_windows, bench.first_texts, bench.most_texts)

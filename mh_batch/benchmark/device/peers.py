"""Other tools on the same texts: whole libraries from texts, and Hugging Face's model from ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch

from mh_batch.benchmark.candidates import Contestant, Spec, cross_encoder, pipeline
from mh_batch.benchmark.device.bench import Bench
from mh_batch.benchmark.device.rounds import Task
from mh_batch.benchmark.device.samples import Sample, Samples
from mh_batch.inference.batching import token_budget_batches
from mh_batch.inference.engines.transfer import padded
from mh_batch.inference.execution import DTYPES
from mh_batch.inference.token_sequences import TokenizedTexts

_MIXED = ("mixed",)


def measure_peers(bench: Bench, samples: Samples, pad_id: int) -> None:
    """Measure the peers, all in the precision of our engine."""
    spec = Spec(
        folder=str(bench.model.folder),
        texts="",
        max_tokens=bench.model.card.max_tokens,
        multi_label=bench.model.card.task == "multi_label",
        threads=torch.get_num_threads(),
        half=bench.execution.precision,
        device=bench.device,
    )
    bench.contend("hugging_face_sorted_from_ids", _MIXED, lambda: _sorted_from_ids(bench, samples, pad_id))
    peers: dict[str, tuple[int, Callable[[], Contestant]]] = {
        "pipeline_32": (32, lambda: pipeline(spec, bench.execution.precision)),
        "cross_encoder_32": (32, lambda: cross_encoder(spec, 32)),
        "cross_encoder_512": (512, lambda: cross_encoder(spec, 512)),
    }
    for name, (rows, make) in peers.items():
        bench.contend(name, _MIXED, partial(_from_texts, bench, samples, rows, make))


def _from_texts(bench: Bench, samples: Samples, rows: int, make: Callable[[], Contestant]) -> Task[Sample]:
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

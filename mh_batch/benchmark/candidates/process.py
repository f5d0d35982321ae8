"""A candidate in a process of its own: `python -m mh_batch.benchmark.candidates.process NAME SPEC`.

Reads how many texts to score from standard input, one number a line, and answers with a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mh_batch.benchmark.candidates.base import ScoreTexts, Spec
from mh_batch.benchmark.candidates.graph_runtimes import onnx_int8, openvino
from mh_batch.benchmark.candidates.libraries import cross_encoder, pipeline, predict_batch_udf, ray_data, seed_loop
from mh_batch.benchmark.candidates.this_project import engine, job

CANDIDATES: dict[str, Callable[[Spec], ScoreTexts]] = {
    "engine-fp32": engine,
    "engine-half": lambda spec: engine(spec, "half"),
    "engine-int8": lambda spec: engine(spec, "int8"),
    "job-fp32": job,
    "job-half": lambda spec: job(spec, "half"),
    "seed-loop": seed_loop,
    "pipeline": pipeline,
    "predict-batch-udf": predict_batch_udf,
    "cross-encoder": cross_encoder,
    "onnx-int8": onnx_int8,
    "openvino": openvino,
    "ray-data": ray_data,
}


def serve(name: str, spec_file: str) -> None:
    """Load the candidate, say that it is ready, and score as many texts as each line of standard input asks for."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    spec = Spec(**json.loads(Path(spec_file).read_text(encoding="utf-8")))
    texts = candidate_texts(Path(spec.texts))
    # Whatever else prints, libraries in C and Java included, prints to standard error from here on.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _compute_with(spec.threads)
    candidate = CANDIDATES[name](spec)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = texts[: int(line)]
        started = time.perf_counter()
        found = candidate(asked)
        seconds = time.perf_counter() - started
        if len(found) != len(asked) or not all(found):
            raise RuntimeError(f"scored {sum(map(bool, found)):,} of {len(asked):,} texts")
        print(json.dumps({"seconds": seconds, "probabilities": found[:64]}), file=answers, flush=True)


def _compute_with(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def candidate_texts(path: Path) -> list[str]:
    """Texts that all candidates are given."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    serve(*sys.argv[1:])

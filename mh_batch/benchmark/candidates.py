"""What is measured: each contestant scores a list of texts with one checkpoint, its own way.

Runs as a process of its own, `python contestants.py NAME SPEC`: reads how many texts to score from standard input, one
number a line, and answers with a line of JSON. Imports nothing of the project before a contestant of the project is
chosen, so that an environment that lacks it can run the others.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Probabilities = list[list[float]]

# Objects of libraries that are typed loosely, or not installed here.
Library = Any
Numbers = Any

_BATCH_ROWS = 32
_BATCH_TOKENS = 4096
_SEED_TOKENS = 512


@dataclass(frozen=True)
class Spec:
    """What all contestants are given.

    Attributes:
        folder: Checkpoint with tokenizer.
        texts: File with a text as a JSON string on each line.
        max_tokens: Longest input of the checkpoint.
        multi_label: Independent sigmoids instead of a softmax.
        threads: Threads to compute with; of Spark and Ray, tasks side by side.
        half: Name of the half precision that the machine computes fast, or "fp32".
        device: "cpu" or "cuda".
    """

    folder: str
    texts: str
    max_tokens: int
    multi_label: bool
    threads: int
    half: str
    device: str


Contestant = Callable[[Sequence[str]], Probabilities]


def seed_loop(spec: Spec) -> Contestant:
    """One text at a time, padded to 512 tokens, in fp32: how the XLM-R's authors run it."""
    import torch

    tokenizer, model = _hugging_face(spec, torch.float32)

    def score(texts: Sequence[str]) -> Probabilities:
        found = []
        for text in texts:
            longest = min(_SEED_TOKENS, spec.max_tokens)
            inputs = tokenizer(text, padding="max_length", truncation=True, max_length=longest, return_tensors="pt")
            with torch.no_grad():
                found.append(model(**inputs.to(spec.device)).logits[0].float().tolist())
        return _probabilities(found, spec)

    return score


def pipeline(spec: Spec, precision: str = "fp32") -> Contestant:
    """`transformers.pipeline` in batches of 32."""
    from transformers import pipeline as make_pipeline

    tokenizer, model = _hugging_face(spec, _dtype(precision))
    pipe = make_pipeline("text-classification", model=model, tokenizer=tokenizer, device=spec.device, top_k=None)
    labels = [model.config.id2label[number] for number in range(model.config.num_labels)]

    def score(texts: Sequence[str]) -> Probabilities:
        activation = "sigmoid" if spec.multi_label else "softmax"
        answers: Library = pipe(
            list(texts),
            batch_size=_BATCH_ROWS,
            truncation=True,
            max_length=spec.max_tokens,
            function_to_apply=activation,
        )
        by_label = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
        return [[answer[label] for label in labels] for answer in by_label]

    return score


def cross_encoder(spec: Spec, batch_rows: int = _BATCH_ROWS) -> Contestant:
    """sentence-transformers' `CrossEncoder`, in half precision where the machine has one; it sorts by length."""
    from sentence_transformers import CrossEncoder
    from torch import nn

    model = CrossEncoder(
        spec.folder, max_length=spec.max_tokens, device=spec.device, model_kwargs={"dtype": _dtype(spec.half)}
    )

    # It takes pairs alone; an empty second text would add two special tokens to each, so it is left out.
    preprocess: Library = getattr(model, "preprocess", None)
    if preprocess is not None:  # before version 6 there is no such place
        model.preprocess = lambda pairs, **options: preprocess([text for text, _ in pairs], **options)

    def score(texts: Sequence[str]) -> Probabilities:
        logits = model.predict([(text, "") for text in texts], batch_size=batch_rows, activation_fn=nn.Identity())
        return _probabilities(logits.tolist(), spec)

    return score


def onnx_int8(spec: Spec) -> Contestant:
    """ONNX Runtime on Hugging Face's graph, dynamic int8 per channel, sorted batches of 4,096 padded tokens."""
    import numpy as np
    import onnx
    from onnxruntime import InferenceSession, SessionOptions
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder = Path(tempfile.mkdtemp())
    plain, small = folder / "model.onnx", folder / "model.int8.onnx"
    _export_hugging_face(spec, plain)
    graph = onnx.load(plain)
    del graph.graph.value_info[:]
    quantize_dynamic(
        graph, small, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8, use_external_data_format=True
    )
    options = SessionOptions()
    options.intra_op_num_threads = spec.threads
    session = InferenceSession(str(small), options, providers=["CPUExecutionProvider"])
    tokenizer = _tokenizer(spec)

    def run(ids: Numbers, mask: Numbers) -> Numbers:
        return session.run(None, {"input_ids": np.asarray(ids), "attention_mask": np.asarray(mask)})[0]

    return _in_sorted_batches(spec, tokenizer, run)


def openvino(spec: Spec) -> Contestant:
    """OpenVINO on Hugging Face's graph, bf16 where the machine has it, sorted batches of 4,096 padded tokens."""
    import openvino as ov
    import torch

    tokenizer, model = _hugging_face(spec, torch.float32)
    example = {"input_ids": torch.full((2, 8), 5), "attention_mask": torch.ones(2, 8, dtype=torch.long)}
    graph = ov.convert_model(model, example_input=example)
    hint = "bf16" if spec.half == "bf16" else "f32"
    settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": spec.threads}
    compiled = ov.Core().compile_model(graph, "CPU", settings)

    def run(ids: Numbers, mask: Numbers) -> Numbers:
        return compiled({"input_ids": ids, "attention_mask": mask})[0]

    return _in_sorted_batches(spec, tokenizer, run)


def ray_data(spec: Spec) -> Contestant:
    """Ray Data's `map_batches` over Hugging Face's model, in batches of 32, one worker for each thread."""
    import ray

    ray.init(num_cpus=spec.threads, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False

    class Worker:
        def __init__(self) -> None:
            import torch

            torch.set_num_threads(1)
            self.torch = torch
            self.tokenizer, self.model = _hugging_face(spec, torch.float32)

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            batch["logits"] = _plain_logits(self.tokenizer, self.model, list(batch["text"]), spec)
            return batch

    def score(texts: Sequence[str]) -> Probabilities:
        items = [{"number": number, "text": text} for number, text in enumerate(texts)]
        found = ray.data.from_items(items).map_batches(Worker, batch_size=_BATCH_ROWS, concurrency=spec.threads)
        rows = sorted(found.take_all(), key=lambda row: row["number"])
        return _probabilities([list(map(float, row["logits"])) for row in rows], spec)

    return score


def predict_batch_udf(spec: Spec) -> Contestant:
    """A Spark job with `predict_batch_udf` over Hugging Face's model, in batches of 32, written to Parquet."""
    from pyspark.ml.functions import predict_batch_udf as make_udf
    from pyspark.sql.types import ArrayType, FloatType

    session = _spark(spec)

    def make() -> Callable[[Any], Any]:
        import torch

        torch.set_num_threads(1)
        tokenizer, model = _hugging_face(spec, torch.float32)
        return lambda texts: _plain_logits(tokenizer, model, list(texts), spec)

    udf = make_udf(make, return_type=ArrayType(FloatType()), batch_size=_BATCH_ROWS)

    def score(texts: Sequence[str]) -> Probabilities:
        folder = Path(tempfile.mkdtemp())
        source = _write_texts(texts, folder)
        table = session.read.parquet(str(source)).repartition(4 * spec.threads)
        table.withColumn("logits", udf("text")).drop("text").write.parquet(str(folder / "out"))
        rows = session.read.parquet(str(folder / "out")).orderBy("doc_id").collect()
        shutil.rmtree(folder)
        return _probabilities([list(row["logits"]) for row in rows], spec)

    return score


def engine(spec: Spec, precision: str = "fp32") -> Contestant:
    """This project's engine, alone: the checkpoint, tokenizer and batching of the job, without Spark."""
    from mh_batch.inference import load_scorer
    from mh_batch.inference.execution import choose_execution
    from mh_batch.models import locate_model

    model = locate_model(spec.folder)
    wanted = spec.half if precision == "half" else precision
    device = "cuda:0" if spec.device == "cuda" else "cpu"
    scorer = load_scorer(model, choose_execution(model, "auto", wanted), device)  # type: ignore[arg-type]  # a name

    def score(texts: Sequence[str]) -> Probabilities:
        return [list(found.probabilities or ()) for found in scorer.score(texts)]

    return score


def job(spec: Spec, precision: str = "fp32") -> Contestant:
    """This project's whole Spark job, from Parquet to the published and validated run with its report."""
    from mh_batch import ScoreSettings, score_corpus
    from mh_batch.models import locate_model
    from mh_batch.spark.session import start_session

    # Said to be in a language that the model knows, as the other contestants take all texts to be.
    languages = locate_model(spec.folder).card.languages
    session = start_session("benchmark", spec.threads)
    wanted = spec.half if precision == "half" else precision

    def score(texts: Sequence[str]) -> Probabilities:
        folder = Path(tempfile.mkdtemp())
        settings = ScoreSettings.model_validate(
            {
                "input": str(_write_texts(texts, folder, languages[0] if languages else "en")),
                "output": str(folder / "out"),
                "model": spec.folder,
                "precision": wanted,
                "device": spec.device,
                "consent_basis": "benchmark texts",
            }
        )
        run = score_corpus(session, settings)
        labels = run.manifest["models"][0]["labels"]
        rows = run.scores().orderBy("doc_id").collect()
        shutil.rmtree(folder)
        return [[row[f"p_{label}"] for label in labels] for row in rows]

    return score


CONTESTANTS: dict[str, Callable[[Spec], Contestant]] = {
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
    """Load the contestant, say that it is ready, and score as many texts as each line of standard input asks for."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    spec = Spec(**json.loads(Path(spec_file).read_text(encoding="utf-8")))
    texts = read_texts(Path(spec.texts))
    # Whatever else prints, libraries in C and Java included, prints to standard error from here on.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _compute_with(spec.threads)
    contestant = CONTESTANTS[name](spec)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = texts[: int(line)]
        started = time.perf_counter()
        found = contestant(asked)
        seconds = time.perf_counter() - started
        if len(found) != len(asked) or not all(found):
            raise RuntimeError(f"scored {sum(map(bool, found)):,} of {len(asked):,} texts")
        print(json.dumps({"seconds": seconds, "probabilities": found[:64]}), file=answers, flush=True)


def _compute_with(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def read_texts(path: Path) -> list[str]:
    """The texts that all contestants are given."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _write_texts(texts: Sequence[str], folder: Path, language: str = "en") -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = [f"{number:09}" for number in range(len(texts))]
    columns = {"doc_id": ids, "text": list(texts), "language": [language] * len(texts)}
    pq.write_table(pa.table(columns), folder / "texts.parquet")
    return folder / "texts.parquet"


def _tokenizer(spec: Spec) -> Library:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(spec.folder)


def _hugging_face(spec: Spec, dtype: Library) -> tuple[Library, Library]:
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers' own function is not typed
    model = AutoModelForSequenceClassification.from_pretrained(spec.folder, dtype=dtype)
    return _tokenizer(spec), model.to(spec.device).eval()


def _dtype(name: str) -> Library:
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name, torch.float32)


def _plain_logits(tokenizer: Library, model: Library, texts: list[str], spec: Spec) -> Numbers:
    import torch

    inputs = tokenizer(texts, padding=True, truncation=True, max_length=spec.max_tokens, return_tensors="pt")
    with torch.no_grad():
        return model(**inputs.to(spec.device)).logits.float().cpu().numpy()


def _export_hugging_face(spec: Spec, path: Path) -> None:
    import torch

    _, model = _hugging_face(spec, torch.float32)
    ids, mask = torch.full((2, 8), 5), torch.ones(2, 8, dtype=torch.long)
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        model,
        (ids, mask),
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamo=True,
        dynamic_shapes={"input_ids": any_size, "attention_mask": any_size},
    )
    assert program is not None
    program.save(path, external_data=True)


def _in_sorted_batches(spec: Spec, tokenizer: Library, run: Callable[[Numbers, Numbers], Numbers]) -> Contestant:
    def score(texts: Sequence[str]) -> Probabilities:
        rows = tokenizer(list(texts), truncation=True, max_length=spec.max_tokens)["input_ids"]
        found: dict[int, list[float]] = {}
        for batch in _sorted_batches(rows):
            inputs = tokenizer.pad({"input_ids": [rows[row] for row in batch]}, return_tensors="np")
            logits = run(inputs["input_ids"], inputs["attention_mask"])
            found.update(zip(batch, logits.tolist(), strict=True))
        return _probabilities([found[row] for row in range(len(texts))], spec)

    return score


def _sorted_batches(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    batch: list[int] = []
    for row in sorted(range(len(rows)), key=lambda row: -len(rows[row])):
        if batch and len(rows[batch[0]]) * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _probabilities(logits: Sequence[Sequence[float]], spec: Spec) -> Probabilities:
    import numpy as np

    values = np.asarray(logits, dtype=np.float64)
    if spec.multi_label:
        found: Probabilities = (1 / (1 + np.exp(-values))).tolist()
        return found
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    found = (shares / shares.sum(axis=1, keepdims=True)).tolist()
    return found


def _spark(spec: Spec) -> Library:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{spec.threads}]").appName("benchmark")
    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.memory": "2g"}
    for key, value in quiet.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


if __name__ == "__main__":
    serve(*sys.argv[1:])

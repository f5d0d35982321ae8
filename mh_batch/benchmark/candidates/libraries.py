"""Libraries that score texts in one process, on Ray and on Spark."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mh_batch.benchmark.candidates import base
from mh_batch.benchmark.candidates.base import (
    BATCH_ROWS,
    Library,
    Probabilities,
    ScoreTexts,
    Spec,
    as_probabilities,
    load_hugging_face,
    padded_logits,
    torch_dtype,
    write_documents_file,
)

_SEED_TOKENS = 512


def seed_loop(spec: Spec) -> ScoreTexts:
    """One text at a time, padded to 512 tokens, in fp32: how the XLM-R's authors run it."""
    import torch

    tokenizer, model = load_hugging_face(spec, torch.float32)

    def score(texts: Sequence[str]) -> Probabilities:
        found = []
        for text in texts:
            longest = min(_SEED_TOKENS, spec.max_tokens)
            inputs = tokenizer(text, padding="max_length", truncation=True, max_length=longest, return_tensors="pt")
            with torch.no_grad():
                found.append(model(**inputs.to(spec.device)).logits[0].float().tolist())
        return as_probabilities(found, spec)

    return score


def pipeline(spec: Spec, precision: str = "fp32") -> ScoreTexts:
    """`transformers.pipeline` in batches of 32."""
    from transformers import pipeline as make_pipeline

    tokenizer, model = load_hugging_face(spec, torch_dtype(precision))
    pipe = make_pipeline("text-classification", model=model, tokenizer=tokenizer, device=spec.device, top_k=None)
    labels = [model.config.id2label[number] for number in range(model.config.num_labels)]

    def score(texts: Sequence[str]) -> Probabilities:
        activation = "sigmoid" if spec.multi_label else "softmax"
        answers: Library = pipe(
            list(texts),
            batch_size=BATCH_ROWS,
            truncation=True,
            max_length=spec.max_tokens,
            function_to_apply=activation,
        )
        by_label = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
        return [[answer[label] for label in labels] for answer in by_label]

    return score


def cross_encoder(spec: Spec, batch_rows: int = BATCH_ROWS) -> ScoreTexts:
    """sentence-transformers' `CrossEncoder`, in half precision where the machine has one; it sorts by length."""
    from sentence_transformers import CrossEncoder
    from torch import nn

    model = CrossEncoder(
        spec.folder, max_length=spec.max_tokens, device=spec.device, model_kwargs={"dtype": torch_dtype(spec.half)}
    )

    # It takes pairs alone; an empty second text would add two special tokens to each, so it is left out.
    preprocess: Library = getattr(model, "preprocess", None)
    if preprocess is not None:  # before version 6 there is no such place
        model.preprocess = lambda pairs, **options: preprocess([text for text, _ in pairs], **options)

    def score(texts: Sequence[str]) -> Probabilities:
        logits = model.predict([(text, "") for text in texts], batch_size=batch_rows, activation_fn=nn.Identity())
        return as_probabilities(logits.tolist(), spec)

    return score


def ray_data(spec: Spec) -> ScoreTexts:
    """Ray Data's `map_batches` over Hugging Face's model, in batches of 32, one worker for each thread."""
    import ray

    # Ray's workers need not find this project.
    ray.cloudpickle.register_pickle_by_value(base)
    ray.init(num_cpus=spec.threads, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False

    class Worker:
        def __init__(self) -> None:
            import torch

            torch.set_num_threads(1)
            self.torch = torch
            self.tokenizer, self.model = load_hugging_face(spec, torch.float32)

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            batch["logits"] = padded_logits(self.tokenizer, self.model, list(batch["text"]), spec)
            return batch

    def score(texts: Sequence[str]) -> Probabilities:
        items = [{"number": number, "text": text} for number, text in enumerate(texts)]
        found = ray.data.from_items(items).map_batches(Worker, batch_size=BATCH_ROWS, concurrency=spec.threads)
        rows = sorted(found.take_all(), key=lambda row: row["number"])
        return as_probabilities([list(map(float, row["logits"])) for row in rows], spec)

    return score


def predict_batch_udf(spec: Spec) -> ScoreTexts:
    """A Spark job with `predict_batch_udf` over Hugging Face's model, in batches of 32, written to Parquet."""
    from pyspark.cloudpickle import register_pickle_by_value
    from pyspark.ml.functions import predict_batch_udf as make_udf
    from pyspark.sql.types import ArrayType, FloatType

    session = _spark(spec)
    # Spark's workers need not find this project.
    register_pickle_by_value(base)  # type: ignore[no-untyped-call]  # pyspark's own function is not typed

    def make() -> Callable[[Any], Any]:
        import torch

        torch.set_num_threads(1)
        tokenizer, model = load_hugging_face(spec, torch.float32)
        return lambda texts: padded_logits(tokenizer, model, list(texts), spec)

    udf = make_udf(make, return_type=ArrayType(FloatType()), batch_size=BATCH_ROWS)

    def score(texts: Sequence[str]) -> Probabilities:
        folder = Path(tempfile.mkdtemp())
        source = write_documents_file(texts, folder)
        table = session.read.parquet(str(source)).repartition(4 * spec.threads)
        table.withColumn("logits", udf("text")).drop("text").write.parquet(str(folder / "out"))
        rows = session.read.parquet(str(folder / "out")).orderBy("doc_id").collect()
        shutil.rmtree(folder)
        return as_probabilities([list(row["logits"]) for row in rows], spec)

    return score


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

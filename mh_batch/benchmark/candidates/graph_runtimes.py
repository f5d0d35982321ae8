"""Runtimes of Hugging Face's graph, on sorted batches."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mh_batch.benchmark.candidates.base import (
    Library,
    Numbers,
    Probabilities,
    ScoreTexts,
    Spec,
    as_probabilities,
    load_hugging_face,
    tokenizer_of,
)

_BATCH_TOKENS = 4096


def onnx_int8(spec: Spec) -> ScoreTexts:
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
    tokenizer = tokenizer_of(spec)

    def run(ids: Numbers, mask: Numbers) -> Numbers:
        return session.run(None, {"input_ids": np.asarray(ids), "attention_mask": np.asarray(mask)})[0]

    return _in_sorted_batches(spec, tokenizer, run)


def openvino(spec: Spec) -> ScoreTexts:
    """OpenVINO on Hugging Face's graph, bf16 where the machine has it, sorted batches of 4,096 padded tokens."""
    import openvino as ov
    import torch

    tokenizer, model = load_hugging_face(spec, torch.float32)
    example = {"input_ids": torch.full((2, 8), 5), "attention_mask": torch.ones(2, 8, dtype=torch.long)}
    graph = ov.convert_model(model, example_input=example)
    hint = "bf16" if spec.half == "bf16" else "f32"
    settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": spec.threads}
    compiled = ov.Core().compile_model(graph, "CPU", settings)

    def run(ids: Numbers, mask: Numbers) -> Numbers:
        return compiled({"input_ids": ids, "attention_mask": mask})[0]

    return _in_sorted_batches(spec, tokenizer, run)


def _export_hugging_face(spec: Spec, path: Path) -> None:
    import torch

    _, model = load_hugging_face(spec, torch.float32)
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


def _in_sorted_batches(spec: Spec, tokenizer: Library, run: Callable[[Numbers, Numbers], Numbers]) -> ScoreTexts:
    def score(texts: Sequence[str]) -> Probabilities:
        rows = tokenizer(list(texts), truncation=True, max_length=spec.max_tokens)["input_ids"]
        found: dict[int, list[float]] = {}
        for batch in _sorted_batches(rows):
            inputs = tokenizer.pad({"input_ids": [rows[row] for row in batch]}, return_tensors="np")
            logits = run(inputs["input_ids"], inputs["attention_mask"])
            found.update(zip(batch, logits.tolist(), strict=True))
        return as_probabilities([found[row] for row in range(len(texts))], spec)

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

"""Exports an exact engine as an ONNX graph for any number of windows of any length."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from mh_batch.inference.cache import cached_folder
from mh_batch.inference.engines import exact
from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.layers import Config
from mh_batch.inference.engines.stretches import rectangle
from mh_batch.models.checkpoint import GRAPHS, GraphPrecision

# Raised whenever the same checkpoint makes another graph.
_LAYOUT = "2"


class _Network(nn.Module):
    def __init__(self, encoder: PackedEncoder) -> None:
        super().__init__()
        self._encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self._encoder.packed_logits(rectangle(input_ids, attention_mask != 0))


def export_onnx(folder: Path, config: Config, target: Path) -> None:
    """Write a checkpoint's graph in fp32 to `target`, with the names that Hugging Face's own graphs have.

    From `input_ids` and `attention_mask` (windows x length, padded on the right with the padding token) it makes
    `logits` (windows x outputs). Weights go to a file of their own, so that a large model fits and several processes
    can map it.

    Args:
        folder: Checkpoint.
        config: Its configuration.
        target: File of the graph.
    """
    network = _Network(exact.load(folder, config, "cpu")).eval()
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with _quiet():
        program = torch.onnx.export(
            network,
            (torch.full((2, 7), 5), torch.ones(2, 7, dtype=torch.long)),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamo=True,
            dynamic_shapes=({**any_size}, {**any_size}),
        )
    assert program is not None
    program.save(target, external_data=True)


def quantise(source: Path, target: Path) -> None:
    """Write a graph again with int8 matrix products: weights per output channel, activations as they come.

    Weights keep to seven bits, since products of eight overflow on CPUs that lack instructions for them.
    """
    model = onnx.load(source)
    # Shapes that the exporter wrote down contradict those of the transposed weights that quantisation makes.
    del model.graph.value_info[:]
    with _quiet():
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            use_external_data_format=True,
        )


def graph_of(folder: Path, config: Config, precision: GraphPrecision, files_digest: str) -> Path:
    """Return the graph of a checkpoint, made if this machine has none yet.

    Args:
        folder: Checkpoint.
        config: Its configuration.
        precision: "fp32" or "int8".
        files_digest: Digest of the checkpoint's files.
    """

    def make(target: Path) -> None:
        if precision == "fp32":
            export_onnx(folder, config, target / GRAPHS["fp32"])
            return
        quantise(graph_of(folder, config, "fp32", files_digest), target / GRAPHS["int8"])

    decisive = [_LAYOUT, files_digest, torch.__version__, onnx.__version__, onnxruntime.__version__, precision]
    return cached_folder("onnx", decisive, make) / GRAPHS[precision]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter and the quantiser print and warn of out of the job's output."""
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in ("", "torch.onnx")}
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)

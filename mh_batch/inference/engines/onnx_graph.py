"""Exports an exact engine as an ONNX graph for any number of windows of any one length."""

from __future__ import annotations

import logging
import tempfile
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

from mh_batch.inference.cache import kept
from mh_batch.inference.engines import exact
from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.layers import Config
from mh_batch.inference.engines.packing import rectangle

_GRAPH = "model.onnx"


class _Network(nn.Module):
    def __init__(self, encoder: PackedEncoder) -> None:
        super().__init__()
        self._encoder = encoder

    def forward(self, ids: Tensor) -> Tensor:
        return self._encoder.packed_logits(rectangle(ids))


def export(folder: Path, config: Config, target: Path) -> None:
    """Write the graph `ids (windows x length) -> logits (windows x outputs)` of a checkpoint in fp32 to `target`.

    Weights go to a file beside it, so that a large model fits and several processes can map it.
    """
    network = _Network(exact.load(folder, config, "cpu")).eval()
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with _quiet():
        program = torch.onnx.export(
            network,
            (torch.full((2, 7), 5),),
            input_names=["ids"],
            output_names=["logits"],
            dynamo=True,
            dynamic_shapes=({**any_size},),
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


def graph_of(folder: Path, config: Config, precision: str, files_digest: str) -> Path:
    """Return the graph of a checkpoint in "fp32" or "int8", made if this machine has none yet."""

    def make(target: Path) -> None:
        if precision == "fp32":
            export(folder, config, target / _GRAPH)
            return
        with tempfile.TemporaryDirectory() as plain:
            export(folder, config, Path(plain) / _GRAPH)
            quantise(Path(plain) / _GRAPH, target / _GRAPH)

    decisive = [files_digest, torch.__version__, onnx.__version__, onnxruntime.__version__, precision]
    return kept("onnx", decisive, make) / _GRAPH


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter and the quantiser tell their own story on standard output and in warnings."""
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger().setLevel(level)

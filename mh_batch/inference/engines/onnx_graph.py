"""Exports an exact engine as an ONNX graph for any number of windows of any one length."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from mh_batch.errors import PlatformError
from mh_batch.inference.engines import exact
from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.packing import rectangle

_GRAPH = "model.onnx"


class _Network(nn.Module):
    def __init__(self, encoder: PackedEncoder) -> None:
        super().__init__()
        self._encoder = encoder

    def forward(self, ids: Tensor) -> Tensor:
        return self._encoder.packed_logits(rectangle(ids))


def export(folder: Path, config: Mapping[str, Any], target: Path) -> None:
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


def graph_of(folder: Path, config: Mapping[str, Any], precision: str) -> Path:
    """Return the graph of a checkpoint in "fp32" or "int8", made if this machine has none yet."""
    kept = _own_cache() / f"{_digest(folder, config)}-{precision}"
    if not (kept / _GRAPH).is_file():
        with tempfile.TemporaryDirectory(dir=_own_cache()) as name:
            plain, made = Path(name) / "plain", Path(name) / "made"
            for part in (plain, made):
                part.mkdir()
            export(folder, config, plain / _GRAPH)
            if precision == "int8":
                quantise(plain / _GRAPH, made / _GRAPH)
            _keep(made if precision == "int8" else plain, kept)
    return kept / _GRAPH


def _keep(made: Path, kept: Path) -> None:
    """Move a finished folder to its place; where another process was faster, its own stays."""
    try:
        made.rename(kept)
    except OSError:
        if not (kept / _GRAPH).is_file():
            raise
        shutil.rmtree(made)


def _own_cache() -> Path:
    folder = Path(tempfile.gettempdir()) / f"mh-batch-onnx-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.stat()
    # Whoever may write here decides what the models say.
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PlatformError(f"{folder} must belong to this user alone: remove it, or set TMPDIR to a folder that does")
    return folder


def _digest(folder: Path, config: Mapping[str, Any]) -> str:
    with (folder / "model.safetensors").open("rb") as weights:
        total = hashlib.file_digest(weights, "sha256")
    made_by = [torch.__version__, onnx.__version__, onnxruntime.__version__]
    total.update(json.dumps([dict(config), *made_by], sort_keys=True).encode())
    return total.hexdigest()[:24]


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

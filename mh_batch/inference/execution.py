"""Execution of a model: by which engine, in which precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from mh_batch.errors import SettingsError
from mh_batch.inference.engines import exact
from mh_batch.models import Model
from mh_batch.models.checkpoint import GraphPrecision, graph_precisions, read_config
from mh_batch.settings import EngineChoice, PrecisionChoice

EngineName = Literal["exact", "reference", "onnx"]
Precision = Literal["fp32", "bf16", "fp16", "int8"]

DTYPES: dict[str, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Execution:
    """An engine and the precision it computes in. The precision is part of a model's fingerprint, the engine is not."""

    engine: EngineName
    precision: Precision


def choose_execution(
    model: Model, engine: EngineChoice = "auto", precision: PrecisionChoice = "auto", best: Precision = "fp32"
) -> Execution:
    """Settle what is left to `auto`.

    Args:
        model: The model.
        engine: `auto` takes the fastest that fits: ONNX Runtime for int8, else the exact engine, else the reference.
        precision: `auto` takes `best`, or fp32 under ONNX Runtime.
        best: What the machine that will run the model computes fastest (see `best_precision`).

    Raises:
        SettingsError: the engine does not fit the checkpoint or the precision.
    """
    graphs = graph_precisions(model.folder)
    if graphs:
        return _of_graphs(model, graphs, engine, precision)
    fits = exact.fits(model.folder, read_config(model.folder))
    if engine in ("exact", "onnx") and not fits:
        raise SettingsError(
            f"engine {engine} does not know the architecture of {model.card.name}: use auto or reference"
        )
    if engine == "onnx" and precision not in ("auto", "fp32", "int8"):
        raise SettingsError(f"engine onnx computes in fp32 or int8, not in {precision}")
    if precision == "int8":
        if engine in ("exact", "reference") or not fits:
            raise SettingsError(f"int8 needs engine onnx, and {model.card.name} is to run on {engine}")
        return Execution("onnx", "int8")
    if engine == "onnx":
        return Execution("onnx", "fp32")
    chosen: EngineName = ("exact" if fits else "reference") if engine == "auto" else engine
    return Execution(chosen, best if precision == "auto" else precision)


def _of_graphs(
    model: Model, graphs: tuple[GraphPrecision, ...], engine: EngineChoice, precision: PrecisionChoice
) -> Execution:
    """The execution of a folder that holds nothing but graphs."""
    if engine not in ("auto", "onnx") or precision not in ("auto", *graphs):
        raise SettingsError(f"{model.folder} holds ONNX graphs alone: engine onnx runs it, in {' or '.join(graphs)}")
    return Execution("onnx", "int8" if precision == "int8" else graphs[0])


def best_precision(device: str) -> Precision:
    """Return the fastest precision of this machine that changes a label only where it hangs by a thread.

    Half precision on a CPU without matrix instructions for it is several times slower than fp32.
    """
    if device.startswith("cuda"):
        with torch.cuda.device(device):
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    cpu = torch.cpu
    return "bf16" if cpu._is_amx_tile_supported() or cpu._is_avx512_bf16_supported() else "fp32"

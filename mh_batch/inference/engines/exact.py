"""The exact engine of a checkpoint's family, where there is one: its weights, and how its tokens attend."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mh_batch.common.console import get_logger
from mh_batch.errors import ModelError
from mh_batch.inference.cache import cached_folder
from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.fused import build_kernels
from mh_batch.inference.engines.layers import Config, Weights, heads_of
from mh_batch.inference.engines.packing import Layout, Pack
from mh_batch.inference.engines.roberta_family import LONGFORMER, ROBERTA
from mh_batch.inference.engines.stretches import stretched
from mh_batch.inference.engines.transfer import Upload, computing_on, upload_to
from mh_batch.inference.engines.varlen import is_supported, packed
from mh_batch.inference.token_sequences import Ids
from mh_batch.models.inspection import current_name

Packing = Literal["varlen", "stretches"]

_PACKERS: dict[Packing, Callable[[Upload, Ids, Layout], Pack]] = {"varlen": packed, "stretches": stretched}
_FAMILIES = {"roberta": ROBERTA, "xlm-roberta": ROBERTA, "longformer": LONGFORMER}

# Windows to try a kernel on: on both sides of its tiles, and beyond the reach.
_LENGTHS = (1, 7, 64, 65, 300)
_REACH, _HEADS = 32, 2
# Values are drawn with a standard deviation of one: some roundings of a half.
_TOLERANCE = 0.05

_FILE = "model.safetensors"
_WORTH_SHARING = 64 * 2**20
# Raised whenever `_joined` writes something else.
_VERSION = "1"


def fits(folder: Path, config: Config) -> bool:
    """Return whether the checkpoint is one that an exact engine computes: of a family, plain, in one weights file."""
    return (
        config.get("model_type") in _FAMILIES
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
        and config.get("pad_token_id", 1) is not None
        and (folder / _FILE).is_file()
    )


def load(
    folder: Path,
    config: Config,
    device: str,
    dtype: torch.dtype = torch.float32,
    shared_as: str | None = None,
    packing: Packing | None = None,
) -> PackedEncoder:
    """Load a checkpoint that `fits` onto `device`, to compute in `dtype`.

    Args:
        folder: Checkpoint.
        config: Its configuration.
        device: "cpu" or "cuda:N".
        dtype: What to compute in.
        shared_as: The processes of one machine map the same weights (see `load_weights`).
        packing: How tokens attend; in one call for all windows where the device can, else by lengths, if None.

    Raises:
        ModelError: a weight is missing.
    """
    family, there = _FAMILIES[config["model_type"]], torch.device(device)
    build_kernels(there)
    head_width = int(config["hidden_size"]) // heads_of(config)
    pack = _PACKERS[packing or best_packing(there, dtype, head_width)]
    try:
        weights = load_weights(folder, config, device, dtype, shared_as)
        return PackedEncoder.of(family, weights, config, partial(pack, upload_to(there)))
    except KeyError as error:
        raise ModelError(f"the weights in {folder} lack {error}: no sequence classifier?") from None


def best_packing(device: torch.device, dtype: torch.dtype, head_width: int) -> Packing:
    """Return `varlen` where one call can attend for all windows of a pack, else `stretches`.

    Args:
        device: Where the engine is to compute.
        dtype: What it computes in.
        head_width: Width of an attention head.
    """
    if not is_supported(device, dtype, head_width):
        return "stretches"
    if varlen_agrees(device, dtype, head_width):
        return "varlen"
    get_logger(__name__).warning(
        "attention of packed sequences fails on %s (%s): attending by length, which is slower", device, dtype
    )
    return "stretches"


@cache
def varlen_agrees(device: torch.device, dtype: torch.dtype, head_width: int) -> bool:
    """Return whether the kernel for packed sequences says on this device what plain attention says.

    Kernels differ by device, precision, width and version of PyTorch; a wrong score is worse than a slow one.

    Args:
        device: The device to try.
        dtype: What to compute in.
        head_width: Width of an attention head.
    """
    upload = upload_to(device)
    layout = Layout(np.array(_LENGTHS), 0)
    ids = np.zeros(sum(_LENGTHS), np.int32)
    draw = torch.Generator(device).manual_seed(0)
    drawn = torch.randn(len(ids), 3 * _HEADS * head_width, generator=draw, device=device).to(dtype)

    def mixed(pack: Pack) -> Tensor:
        ways = pack.attention.full(drawn, _HEADS), pack.attention.band(drawn, _HEADS, _REACH)
        # What the first tokens attend to is computed apart from the band.
        keep = torch.ones(len(ids), dtype=torch.bool, device=device).index_fill(0, pack.firsts, False)
        return torch.stack(ways)[:, keep].float()

    try:
        with computing_on(device):
            found, wanted = (mixed(pack(upload, ids, layout)) for pack in (packed, stretched))
    except (
        RuntimeError,
        TypeError,
        AttributeError,
    ):  # no such kernel here, or another one
        return False
    return bool(torch.allclose(found, wanted, atol=_TOLERANCE, rtol=0))


def load_weights(
    folder: Path, config: Config, device: str, dtype: torch.dtype, shared_as: str | None = None
) -> Weights:
    """Return the weights in `dtype` on `device`, the projections that read the same input joined into one.

    Args:
        folder: Checkpoint.
        config: Its configuration.
        device: "cpu" or "cuda:N".
        dtype: What to compute in.
        shared_as: Digest of the checkpoint, under which the processes of this machine map the same weights instead of
            holding a copy each, where they are large and stay in main memory.
    """
    if shared_as is None or device != "cpu" or (folder / _FILE).stat().st_size < _WORTH_SHARING:
        return _joined(load_file(folder / _FILE, device=device), config, dtype)

    def make(target: Path) -> None:
        joined = _joined(load_file(folder / _FILE), config, dtype)
        save_file({name: value.contiguous() for name, value in joined.items()}, target / _FILE)

    try:
        return load_file(cached_folder("weights", [shared_as, _VERSION, str(dtype)], make) / _FILE)
    except OSError:  # the disk is full: a copy in each process does as well
        return _joined(load_file(folder / _FILE), config, dtype)


def _joined(weights: Weights, config: Config, dtype: torch.dtype) -> dict[str, Tensor]:
    """Query, key and value of all layers but the last, of which the engines need less than all, become one matrix."""
    last = f".layer.{int(config['num_hidden_layers']) - 1}."
    found: dict[str, Tensor] = {}
    weights = {current_name(name): value for name, value in weights.items()}
    for name, value in weights.items():
        part = re.fullmatch(r"(.*\.self\.)(query|key|value)\.(weight|bias)", name)
        if part is None or last in name:
            found[name] = value.to(dtype)
        elif part[2] == "query":
            parts = [weights[f"{part[1]}{projection}.{part[3]}"] for projection in ("query", "key", "value")]
            found[f"{part[1]}projections.{part[3]}"] = torch.cat(parts).to(dtype)
    return found

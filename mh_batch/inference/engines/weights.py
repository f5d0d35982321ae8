"""A checkpoint's weights as the exact engines take them."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mh_batch.inference.cache import kept
from mh_batch.inference.engines.layers import Config, Weights
from mh_batch.models.inspection import current_name

_FILE = "model.safetensors"
_WORTH_SHARING = 64 * 2**20
# Raised whenever `_joined` writes something else.
_VERSION = "1"


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
        return load_file(kept("weights", [shared_as, _VERSION, str(dtype)], make) / _FILE)
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

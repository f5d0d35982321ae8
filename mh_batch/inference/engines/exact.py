"""From a checkpoint to the exact engine of its family, where there is one."""

from __future__ import annotations

from pathlib import Path

import torch

from mh_batch.errors import ModelError
from mh_batch.inference.engines import longformer, roberta
from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.layers import Config
from mh_batch.inference.engines.weights import load_weights

_FAMILIES = {"roberta": roberta.FAMILY, "xlm-roberta": roberta.FAMILY, "longformer": longformer.FAMILY}


def fits(folder: Path, config: Config) -> bool:
    """Tell whether the checkpoint is one that an exact engine computes: of a family, plain, in one weights file."""
    return (
        config.get("model_type") in _FAMILIES
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
        and (folder / "model.safetensors").is_file()
    )


def load(
    folder: Path, config: Config, device: str, dtype: torch.dtype = torch.float32, shared_as: str | None = None
) -> PackedEncoder:
    """Load a checkpoint that `fits` onto `device`, to compute in `dtype`; ModelError if a weight is missing.

    With `shared_as`, the processes of one machine map the same weights (see `load_weights`).
    """
    family = _FAMILIES[config["model_type"]]
    try:
        weights = load_weights(folder, config, device, dtype, shared_as)
        return PackedEncoder.of(family, weights, config, torch.device(device))
    except KeyError as error:
        raise ModelError(f"the weights in {folder} lack {error}: no sequence classifier?") from None

"""From a checkpoint to the exact engine of its family, where there is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from mh_batch.errors import ModelError
from mh_batch.inference.engines import longformer, roberta, stretches, varlen
from mh_batch.inference.engines.choosing import Packing, best_packing
from mh_batch.inference.engines.encoder import PackedEncoder
from mh_batch.inference.engines.fused import prepare
from mh_batch.inference.engines.layers import Config, heads_of
from mh_batch.inference.engines.packing import Layout, Pack
from mh_batch.inference.engines.transfer import Upload, upload_to
from mh_batch.inference.engines.weights import load_weights
from mh_batch.inference.token_sequences import Ids

_PACKERS: dict[Packing, Callable[[Upload, Ids, Layout], Pack]] = {
    "varlen": varlen.packed,
    "stretches": stretches.stretched,
}
_FAMILIES = {"roberta": roberta.FAMILY, "xlm-roberta": roberta.FAMILY, "longformer": longformer.FAMILY}


def fits(folder: Path, config: Config) -> bool:
    """Tell whether the checkpoint is one that an exact engine computes: of a family, plain, in one weights file."""
    return (
        config.get("model_type") in _FAMILIES
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
        and config.get("pad_token_id", 1) is not None
        and (folder / "model.safetensors").is_file()
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
    prepare(there)
    head_width = int(config["hidden_size"]) // heads_of(config)
    pack = _PACKERS[packing or best_packing(there, dtype, head_width)]
    try:
        weights = load_weights(folder, config, device, dtype, shared_as)
        return PackedEncoder.of(family, weights, config, partial(pack, upload_to(there)))
    except KeyError as error:
        raise ModelError(f"the weights in {folder} lack {error}: no sequence classifier?") from None

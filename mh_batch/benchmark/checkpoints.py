"""Checkpoints of published sizes with random weights: speed does not depend on what the weights say.

Written without the transformers library, which a bare machine lacks, in the files and names that it would write.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from mh_batch.models.inspection import WEIGHTS, tensor_shapes

Kind = Literal["xlm-roberta-base", "longformer-base"]

_SPREAD = 0.02
# Rows of the position table that are never used: positions start behind the padding index.
_UNUSED_POSITIONS = 2

_FAMILY = {
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "type_vocab_size": 1,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
_SMALL = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 256}


def random_checkpoint(kind: Kind, tokenizer: Path, target: Path, is_small: bool = False) -> Path:
    """Write a checkpoint of the kind with random weights, and the tokenizer with it, into `target`.

    Args:
        kind: Architecture.
        tokenizer: Folder with tokenizer.json and tokenizer_config.json.
        target: Folder for the checkpoint, made if it is not there.
        is_small: A network that a CPU runs in no time instead, which reads an eighth as much at once.
    """
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(tokenizer / "tokenizer.json")).get_vocab_size()
    config = _config(kind, is_small) | {"vocab_size": vocabulary}
    target.mkdir(parents=True, exist_ok=True)
    (target / "config.json").write_text(json.dumps(config, indent=2))
    save_file(_weights(config), target / WEIGHTS, metadata={"format": "pt"})
    shutil.copyfile(tokenizer / "tokenizer.json", target / "tokenizer.json")
    # Hugging Face's own loader would cut longer texts only if the tokenizer says so.
    settings = json.loads((tokenizer / "tokenizer_config.json").read_text())
    settings["model_max_length"] = config["max_position_embeddings"] - _UNUSED_POSITIONS
    (target / "tokenizer_config.json").write_text(json.dumps(settings))
    return target


def _config(kind: Kind, is_small: bool) -> dict[str, Any]:
    shape = _SMALL if is_small else _BASE
    tokens = (512 if kind == "xlm-roberta-base" else 4096) // (8 if is_small else 1)
    common: dict[str, Any] = {**_FAMILY, **shape, "max_position_embeddings": tokens + _UNUSED_POSITIONS}
    if kind == "xlm-roberta-base":
        architecture = ["XLMRobertaForSequenceClassification"]
        return {**common, "model_type": "xlm-roberta", "architectures": architecture, **_labels(2)}
    return {
        **common,
        "model_type": "longformer",
        "architectures": ["LongformerForSequenceClassification"],
        "attention_window": [64 if is_small else 512] * shape["num_hidden_layers"],
        "problem_type": "multi_label_classification",
        **_labels(4),
    }


def _labels(outputs: int) -> dict[str, Any]:
    names = [f"LABEL_{number}" for number in range(outputs)]
    return {
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
    }


def _weights(config: Mapping[str, Any]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: _tensor(name, shape, generator)
        for name, shape in tensor_shapes(config, outputs=len(config["id2label"])).items()
    }


def _tensor(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """As the library begins a network: a small spread, biases of zero, normalisations that change nothing."""
    if name.endswith(".bias"):
        return torch.zeros(shape)
    if name.endswith("LayerNorm.weight"):
        return torch.ones(shape)
    return torch.empty(shape).normal_(0.0, _SPREAD, generator=generator)

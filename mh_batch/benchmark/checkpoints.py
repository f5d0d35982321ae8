"""Checkpoints of published sizes with random weights: speed does not depend on what the weights say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import torch

Network = Any
Kind = Literal["xlm-roberta-base", "longformer-base"]

_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}


def random_checkpoint(kind: Kind, tokenizer: Path, target: Path) -> Path:
    """Write a checkpoint of the kind with random weights, and the tokenizer beside it, into `target`."""
    from tokenizers import Tokenizer

    torch.manual_seed(0)
    vocabulary = Tokenizer.from_file(str(tokenizer / "tokenizer.json")).get_vocab_size()
    _network(kind, {**_BASE, "vocab_size": vocabulary, "type_vocab_size": 1, "pad_token_id": 1}).save_pretrained(target)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, target / name)
    # Hugging Face's own loader would cut longer texts only if the tokenizer says so.
    settings = json.loads((target / "tokenizer_config.json").read_text())
    settings["model_max_length"] = 512 if kind == "xlm-roberta-base" else 4096
    (target / "tokenizer_config.json").write_text(json.dumps(settings))
    return target


def _network(kind: Kind, shape: dict[str, Any]) -> Network:
    from transformers import (
        LongformerConfig,
        LongformerForSequenceClassification,
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
    )

    if kind == "xlm-roberta-base":
        return XLMRobertaForSequenceClassification(XLMRobertaConfig(**shape, max_position_embeddings=514))
    several: dict[str, Any] = {"num_labels": 4, "problem_type": "multi_label_classification"}
    config = LongformerConfig(**shape, **several, max_position_embeddings=4098, attention_window=512)
    return LongformerForSequenceClassification(config)

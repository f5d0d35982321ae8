"""Models of random weights with a shipped tokenizer, and windows for them."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mh_batch.inference import TokenSequences
from mh_batch.models import Model, locate_model

SHAPE: dict[str, Any] = {
    "vocab_size": 10_000,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 66,
}
BAND = {**SHAPE, "pad_token_id": 1, "type_vocab_size": 1}
WINDOWS = [[0, 5, 6, 7, 2], [0, *range(100, 160), 2], [0, 9, 2], [0, *range(20, 40), 2]]


sequences = TokenSequences.of


def saved(network: Any, tokenizer_of: Model, folder: Path) -> Model:
    """Save a network of random weights, large enough to matter, with a shipped tokenizer, and find it again."""
    torch.manual_seed(3)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.3)
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer_of.tokenizer_folder / name, folder / name)
    return locate_model(str(folder))


def expected(network: Any) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate([network.eval()(torch.tensor([window])).logits.numpy() for window in WINDOWS])

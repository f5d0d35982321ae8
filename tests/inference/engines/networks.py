"""Networks of random weights, large enough to matter, and windows for them."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import (
    LongformerConfig,
    LongformerForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

SHAPE: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 40,
    "pad_token_id": 1,
    "type_vocab_size": 1,
}


def longformer(windows: list[int], heads: int, longest: int, folder: Path) -> Any:
    """A saved Longformer in float64, a layer for each attention window."""
    torch.manual_seed(longest)
    sizes: dict[str, Any] = {
        "num_hidden_layers": len(windows),
        "num_attention_heads": heads,
        "max_position_embeddings": longest + 2,
    }
    config = LongformerConfig(**SHAPE, **sizes, attention_window=windows)
    return _saved(LongformerForSequenceClassification(config), folder)


def xlmr(layers: int, heads: int, longest: int, folder: Path) -> Any:
    """A saved XLM-R in float64."""
    torch.manual_seed(layers)
    sizes: dict[str, Any] = {
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "max_position_embeddings": longest + 2,
    }
    return _saved(XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE, **sizes)), folder)


def _saved(network: Any, folder: Path) -> Any:
    network = network.double().train(False)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.3)
    network.save_pretrained(folder)
    return network


def drawn(lengths: list[int]) -> list[list[int]]:
    """Windows of the given lengths; now and then one holds the padding token literally."""
    rng = np.random.default_rng(sum(lengths))
    return [[0, *rng.integers(1, SHAPE["vocab_size"], length - 1).tolist()] for length in lengths]


def logits_alone(network: Any, windows: list[list[int]], dtype: torch.dtype) -> NDArray[np.float64]:
    """Hugging Face's own logits, window by window, in float64 throughout where that is asked for."""
    # Its Longformer takes softmax in fp32, whatever it computes in, and would be the less exact of the two.
    throughout = patch.object(functional, "softmax", _softmax) if dtype == torch.float64 else nullcontext()
    with torch.no_grad(), throughout:
        rows = [network.to(dtype)(torch.tensor([window])).logits for window in windows]
    return torch.cat(rows).double().numpy()


def _softmax(scores: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    return scores.softmax(dim)

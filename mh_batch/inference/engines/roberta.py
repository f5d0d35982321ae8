"""RoBERTa and XLM-R sequence classifiers, computed exactly and without the transformers library.

The classifier reads the first token only, so the last layer is computed for that token alone. The numbers are those of
Hugging Face's implementation from the same weights (see tests/inference/test_parity.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from mh_batch.inference.engines.padding import padded

_FAMILY = ("roberta", "xlm-roberta")
Weights = Mapping[str, Tensor]


def fits(folder: Path, config: Mapping[str, Any]) -> bool:
    """Tell whether the checkpoint is one that this engine computes: the family, plain, and in one weights file."""
    return (
        config.get("model_type") in _FAMILY
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
        and (folder / "model.safetensors").is_file()
    )


@dataclass(frozen=True)
class _Linear:
    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, weights: Weights, *names: str) -> _Linear:
        """One layer, or several that read the same input joined into one."""
        parts = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]
        return cls(torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts]))

    def __call__(self, states: Tensor) -> Tensor:
        return functional.linear(states, self.weight, self.bias)


@dataclass(frozen=True)
class _Norm:
    weight: Tensor
    bias: Tensor
    epsilon: float

    @classmethod
    def of(cls, weights: Weights, name: str, epsilon: float) -> _Norm:
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    def __call__(self, states: Tensor) -> Tensor:
        return functional.layer_norm(states, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True)
class _Layer:
    heads: int
    query: _Linear
    key_value: _Linear
    attended: _Linear
    attended_norm: _Norm
    inner: _Linear
    outer: _Linear
    outer_norm: _Norm

    @classmethod
    def of(cls, weights: Weights, name: str, heads: int, epsilon: float) -> _Layer:
        attention = f"{name}.attention"
        return cls(
            heads,
            _Linear.of(weights, f"{attention}.self.query"),
            _Linear.of(weights, f"{attention}.self.key", f"{attention}.self.value"),
            _Linear.of(weights, f"{attention}.output.dense"),
            _Norm.of(weights, f"{attention}.output.LayerNorm", epsilon),
            _Linear.of(weights, f"{name}.intermediate.dense"),
            _Linear.of(weights, f"{name}.output.dense"),
            _Norm.of(weights, f"{name}.output.LayerNorm", epsilon),
        )

    def __call__(self, asking: Tensor, states: Tensor, mask: Tensor | None) -> Tensor:
        """New states of the tokens that ask (windows x asking x width), who attend to all states."""
        keys, values = self.key_value(states).chunk(2, dim=-1)
        mixed = functional.scaled_dot_product_attention(
            self._by_head(self.query(asking)), self._by_head(keys), self._by_head(values), attn_mask=mask
        )
        attended = self.attended_norm(self.attended(mixed.transpose(1, 2).flatten(2)) + asking)
        return self.outer_norm(self.outer(functional.gelu(self.inner(attended))) + attended)

    def _by_head(self, states: Tensor) -> Tensor:
        windows, tokens, width = states.shape
        return states.view(windows, tokens, self.heads, width // self.heads).transpose(1, 2)


class ExactRobertaEngine:
    """Runs a checkpoint that `fits`, in fp32."""

    pads_to = 1

    def __init__(self, folder: Path, config: Mapping[str, Any], device: str = "cpu") -> None:
        """Load the weights in `folder` onto `device`; KeyError if one is missing."""
        self._device = torch.device(device)
        # Half-precision checkpoints are cast up: fp16 does not compute on CPUs.
        loaded = load_file(folder / "model.safetensors", device=device)
        weights = {name.removeprefix("roberta."): value.float() for name, value in loaded.items()}
        epsilon, heads = float(config.get("layer_norm_eps", 1e-12)), int(config["num_attention_heads"])
        self._pad_id = int(config.get("pad_token_id", 1))
        self._words = weights["embeddings.word_embeddings.weight"]
        # Every token is of type 0, so its embedding can be added to that of the position once.
        self._positions = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _Norm.of(weights, "embeddings.LayerNorm", epsilon)
        layers = range(int(config["num_hidden_layers"]))
        self._layers = [_Layer.of(weights, f"encoder.layer.{number}", heads, epsilon) for number in layers]
        self._dense = _Linear.of(weights, "classifier.dense")
        self._output = _Linear.of(weights, "classifier.out_proj")

    @torch.inference_mode()
    def logits(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the logits (windows x outputs)."""
        ids, valid = (part.to(self._device) for part in padded(windows, self._pad_id))
        mask = None if bool(valid.all()) else valid[:, None, None, :]
        # As in Hugging Face's: a padding token that stands literally in a text is read, but counts no position.
        counted = ids != self._pad_id
        positions = counted.cumsum(dim=1) * counted + self._pad_id
        states = self._norm(self._words[ids] + self._positions[positions])
        for layer in self._layers[:-1]:
            states = layer(states, states, mask)
        first = self._layers[-1](states[:, :1], states, mask)[:, 0]
        logits: NDArray[np.float32] = self._output(torch.tanh(self._dense(first))).cpu().numpy()
        return logits

"""The peak of matrix products on a machine, and the operations that a model needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mh_batch.inference import Integers
from mh_batch.inference.execution import DTYPES

# Rows, inner and outer width of a base model's feed-forward network, and twice and four times that.
_SHAPES_ON_CPU = ((2048, 768, 3072), (4096, 1536, 6144), (4096, 3072, 12288))
# A GPU comes near its peak on large products alone; the second is a base model's, at a whole batch of tokens.
_SHAPES_ON_GPU = ((8192, 8192, 8192), (65_536, 768, 3072), (16_384, 8192, 8192))
_SECONDS = 1.0
# A GPU is given several products before it is waited for, so that the calls cost nothing.
_IN_A_ROW_ON_GPU = 10


def matrix_peak(precision: str, device: str) -> float:
    """Return the fastest matrix product found, in floating-point operations per second."""
    return max(matrix_speeds(precision, device).values())


def matrix_speeds(precision: str, device: str, seconds: float = _SECONDS) -> dict[str, float]:
    """Return the best speed of each of several matrix products, in floating-point operations per second.

    Args:
        precision: To compute in.
        device: "cpu" or "cuda:N".
        seconds: How long each product is repeated.
    """
    shapes = _SHAPES_ON_CPU if device == "cpu" else _SHAPES_ON_GPU
    return {" x ".join(map(str, shape)): _speed(shape, DTYPES[precision], device, seconds) for shape in shapes}


def _speed(shape: tuple[int, int, int], dtype: torch.dtype, device: str, seconds: float) -> float:
    rows, inner, outer = shape
    left = torch.randn(rows, inner, dtype=dtype, device=device)
    weight = torch.randn(outer, inner, dtype=dtype, device=device)
    in_a_row = 1 if device == "cpu" else _IN_A_ROW_ON_GPU
    # The first product makes the library choose its way, and is not measured.
    torch.nn.functional.linear(left, weight)
    _wait(device)
    best, until = 0.0, time.perf_counter() + seconds
    while best == 0.0 or time.perf_counter() < until:
        started = time.perf_counter()
        for _ in range(in_a_row):
            torch.nn.functional.linear(left, weight)
        _wait(device)
        best = max(best, in_a_row * 2.0 * rows * inner * outer / (time.perf_counter() - started))
    return best


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)


def operations(config: Mapping[str, Any], tokens: int, length: int) -> float:
    """Return the floating-point operations that an encoder needs for `tokens` tokens in windows of `length`.

    Counts the matrix products of all layers as the architecture defines them, whatever an engine saves. Where attention
    is local, a token attends to `attention_window` others, itself and the first.

    Args:
        config: Of the model, as Hugging Face writes it.
        tokens: All tokens of the windows.
        length: Tokens of each window.
    """
    width, inner, layers = (int(config[name]) for name in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    windows = config.get("attention_window", length)
    seen = [min(length, window + 2) for window in (windows if isinstance(windows, list) else [windows] * layers)]
    each = layers * (8 * width * width + 4 * width * inner) + 4 * width * sum(seen)
    return float(tokens * each)


def operations_of(config: Mapping[str, Any], lengths: Integers) -> float:
    """Return the operations that windows of these lengths need, each by its own length."""
    found, counts = np.unique(lengths, return_counts=True)
    pairs = zip(found.tolist(), counts.tolist(), strict=True)
    return sum(operations(config, count * length, length) for length, count in pairs)

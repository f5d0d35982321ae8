"""How fast the machine multiplies matrices, and how much of that a model uses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

from mh_batch.inference.execution import DTYPES

# Rows, inner and outer width of a base model's feed-forward network, and twice and four times that.
_SHAPES = ((2048, 768, 3072), (4096, 1536, 6144), (4096, 3072, 12288))
_SECONDS = 1.0


def matrix_peak(precision: str, device: str) -> float:
    """Return the fastest matrix product found, in floating-point operations per second."""
    return max(_speed(shape, DTYPES[precision], device) for shape in _SHAPES)


def _speed(shape: tuple[int, int, int], dtype: torch.dtype, device: str) -> float:
    rows, inner, outer = shape
    left = torch.randn(rows, inner, dtype=dtype, device=device)
    weight = torch.randn(outer, inner, dtype=dtype, device=device)
    best, until = 0.0, time.perf_counter() + _SECONDS
    while best == 0.0 or time.perf_counter() < until:
        started = time.perf_counter()
        torch.nn.functional.linear(left, weight)
        if device != "cpu":
            torch.cuda.synchronize()
        best = max(best, 2.0 * rows * inner * outer / (time.perf_counter() - started))
    return best


def operations(config: Mapping[str, Any], tokens: int, length: int) -> float:
    """Return the floating-point operations that an encoder needs for `tokens` tokens in windows of `length`.

    Counts the matrix products of all layers as the architecture defines them, whatever an engine saves. Where attention
    is local, a token attends to `attention_window` others, itself and the first.
    """
    width, inner, layers = (int(config[name]) for name in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    windows = config.get("attention_window", length)
    seen = [min(length, window + 2) for window in (windows if isinstance(windows, list) else [windows] * layers)]
    each = layers * (8 * width * width + 4 * width * inner) + 4 * width * sum(seen)
    return float(tokens * each)

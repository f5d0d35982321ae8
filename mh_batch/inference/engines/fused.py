"""Operations that pass once over memory on a GPU, where PyTorch's own would pass several times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType

import torch
from torch import Tensor
from torch.nn import functional

from mh_batch.common.console import get_logger


@dataclass(frozen=True)
class NearAttention:
    """The result of attention to near tokens alone.

    Attributes:
        query: Tokens x heads x width of a head.
        mixed: Mixed values, likewise; may be written to.
        log_sums: Logarithms of the sums of all exponentials that the values were weighted by (heads x tokens).
        reach: How far tokens may be that were attended to.
    """

    query: Tensor
    mixed: Tensor
    log_sums: Tensor
    reach: int


def add_norm(states: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Layer normalisation of `states + residual`.

    Args:
        states: Rows x width; may be written to.
        residual: Likewise.
        weight: Scale of each column.
        bias: Shift of each column.
        epsilon: What is added to the variance.
    """
    if states.is_cuda and (kernels := _kernels(states.device)):
        found: Tensor = kernels.triton_add_norm(states, residual, weight, bias, epsilon)
        return found
    return _add_norm(states, residual, weight, bias, epsilon)


def merge_first_token(near: NearAttention, key: Tensor, value: Tensor, offsets: Tensor, window: Tensor) -> Tensor:
    """Mixed values of tokens that attend to their window's first token as well, where it lies beyond their reach.

    With s = q k / sqrt(width) for the first token's key, its share is w = sigmoid(s - log-sum-exp), and the values are
    (1 - w) mixed + w v.

    Args:
        near: What attention to near tokens gave.
        key: Keys of the windows' first tokens (windows x heads x width of a head).
        value: Their values.
        offsets: Where each window begins among the tokens.
        window: Number of each token's window.
    """
    if near.query.is_cuda and (kernels := _kernels(near.query.device)):
        found: Tensor = kernels.triton_merge_first_token(near, key, value, offsets, window)
        return found
    return _merge_first_token(near, key, value, offsets, window)


def _add_norm(states: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    return functional.layer_norm(states.add_(residual), weight.shape, weight, bias, epsilon)


def _merge_first_token(near: NearAttention, key: Tensor, value: Tensor, offsets: Tensor, window: Tensor) -> Tensor:
    scores = (wide(near.query) * wide(key[window])).sum(dim=2) * near.query.shape[2] ** -0.5
    place = torch.arange(len(window), device=window.device) - offsets[window]
    shares = torch.sigmoid(scores - near.log_sums.T) * (place > near.reach)[:, None]
    return torch.lerp(wide(near.mixed), wide(value[window]), shares[:, :, None]).to(near.mixed.dtype)


def wide(values: Tensor) -> Tensor:
    """Return values in single precision at least, for sums and exponentials that halves are too coarse for."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def build_kernels(device: torch.device) -> None:
    """Build the kernels of a device now, so that the first batch does not wait for them."""
    if device.type == "cuda":
        _kernels(device)


@cache
def _kernels(device: torch.device) -> ModuleType | None:
    """The kernels in Triton, if this machine can build them and they say what PyTorch says."""
    why = "they say something else than PyTorch"
    try:
        from mh_batch.inference.engines import triton_kernels

        with torch.inference_mode(), torch.cuda.device(device):
            if agree(triton_kernels, device):
                return triton_kernels
    except Exception as error:  # no Triton, no C compiler, a GPU that it does not know
        why = type(error).__name__
    get_logger(__name__).warning("no fused kernels on %s (%s): PyTorch's are some percent slower", device, why)
    return None


def agree(kernels: ModuleType, device: torch.device) -> bool:
    """Return whether the kernels say of some numbers what PyTorch's operations say of them."""
    heads, width, lengths = 3, 40, torch.tensor([5, 0, 30, 2], device=device)
    draw = torch.Generator(device).manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw, device=device).to(torch.bfloat16)

    offsets = functional.pad(lengths.cumsum(0), (1, 0)).int()
    window = torch.repeat_interleave(lengths).int()
    tokens = len(window)
    states, residual, weight, bias = drawn(tokens, width), drawn(tokens, width), drawn(width), drawn(width)
    normed = _add_norm(states.clone(), residual, weight, bias, 1e-5)
    query, mixed, key, value = (drawn(rows, heads, width) for rows in (tokens, tokens, 4, 4))
    near = NearAttention(query, mixed, drawn(heads, tokens).float(), 3)
    merged = _merge_first_token(near, key, value, offsets, window)
    pairs = [
        (kernels.triton_add_norm(states.clone(), residual, weight, bias, 1e-5), normed),
        (kernels.triton_merge_first_token(replace(near, mixed=mixed.clone()), key, value, offsets, window), merged),
    ]
    return all(torch.allclose(found.float(), wanted.float(), atol=0.05, rtol=0.02) for found, wanted in pairs)

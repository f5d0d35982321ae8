"""The operations of `fused` in Triton. Imported only where a GPU is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import triton
import triton.language as tl
from torch import Tensor

if TYPE_CHECKING:
    from mh_batch.inference.engines.fused import NearAttention


@triton.jit
def _add_norm(
    states: Any,
    residual: Any,
    weight: Any,
    bias: Any,
    epsilon: Any,
    width: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    column = tl.arange(0, block)
    inside = column < width
    place = row * width + column
    summed = tl.load(states + place, mask=inside, other=0.0).to(tl.float32)
    summed += tl.load(residual + place, mask=inside, other=0.0).to(tl.float32)
    centred = tl.where(inside, summed - tl.sum(summed, axis=0) / width, 0.0)
    scale = 1.0 / tl.sqrt(tl.sum(centred * centred, axis=0) / width + epsilon)
    normed = centred * scale * tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    normed += tl.load(bias + column, mask=inside, other=0.0).to(tl.float32)
    tl.store(states + place, normed.to(states.dtype.element_ty), mask=inside)


def triton_add_norm(states: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """`fused.add_norm`, written over `states`.

    Args:
        states: Rows x width.
        residual: Likewise.
        weight: Scale of each column.
        bias: Shift of each column.
        epsilon: What is added to the variance.
    """
    rows, width = states.shape
    states, residual = states.contiguous(), residual.contiguous()
    _add_norm[(rows,)](states, residual, weight, bias, epsilon, width, triton.next_power_of_2(width))
    return states


@triton.jit
def _merge_first_token(
    query: Any,
    mixed: Any,
    log_sums: Any,
    key: Any,
    value: Any,
    offsets: Any,
    window: Any,
    query_step: Any,
    log_sums_step: Any,
    reach: Any,
    scale: Any,
    heads: tl.constexpr,
    width: tl.constexpr,
    heads_block: tl.constexpr,
    width_block: tl.constexpr,
) -> None:
    token = tl.program_id(0).to(tl.int64)
    own = tl.load(window + token).to(tl.int64)
    if token - tl.load(offsets + own) > reach:
        head, column = tl.arange(0, heads_block)[:, None], tl.arange(0, width_block)[None, :]
        inside = (head < heads) & (column < width)
        cell = head * width + column
        asked = tl.load(query + token * query_step + cell, mask=inside, other=0.0).to(tl.float32)
        first_key = tl.load(key + own * heads * width + cell, mask=inside, other=0.0).to(tl.float32)
        first_value = tl.load(value + own * heads * width + cell, mask=inside, other=0.0).to(tl.float32)
        there = token * heads * width + cell
        near = tl.load(mixed + there, mask=inside, other=0.0).to(tl.float32)
        log_sum = tl.load(log_sums + head * log_sums_step + token, mask=head < heads, other=0.0)
        score = tl.sum(asked * first_key, axis=1)[:, None] * scale
        share = 1.0 / (1.0 + tl.exp(log_sum - score))
        merged = near + share * (first_value - near)
        tl.store(mixed + there, merged.to(mixed.dtype.element_ty), mask=inside)


def triton_merge_first_token(
    near: NearAttention, key: Tensor, value: Tensor, offsets: Tensor, window: Tensor
) -> Tensor:
    """`fused.merge_first_token`, written over the mixed values.

    Args:
        near: What attention to near tokens gave.
        key: Keys of the windows' first tokens (windows x heads x width of a head).
        value: Their values.
        offsets: Where each window begins among the tokens.
        window: Number of each token's window.

    Raises:
        ValueError: heads of a query, or tokens of the sums, are not neighbours in memory.
    """
    tokens, heads, width = near.query.shape
    if near.query.stride()[1:] != (width, 1) or near.log_sums.stride(1) != 1:
        raise ValueError("heads of a query, and tokens of the sums, must be neighbours in memory")
    mixed, key, value = near.mixed.contiguous(), key.contiguous(), value.contiguous()
    _merge_first_token[(tokens,)](
        near.query,
        mixed,
        near.log_sums,
        key,
        value,
        offsets,
        window,
        near.query.stride(0),
        near.log_sums.stride(0),
        near.reach,
        width**-0.5,
        heads,
        width,
        triton.next_power_of_2(heads),
        triton.next_power_of_2(width),
    )
    return mixed

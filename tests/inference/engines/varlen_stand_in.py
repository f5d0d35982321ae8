"""A stand-in for PyTorch's attention of packed sequences, which runs on a GPU alone: sequence by sequence."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn.attention import varlen
from torch.nn.functional import scaled_dot_product_attention


@dataclass
class VarlenStandIn:
    """Computes what `torch.nn.attention.varlen.varlen_attn` computes, by its arguments, and counts its calls."""

    calls: int = 0
    windows: list[tuple[int, int]] = field(default_factory=list)

    def __call__(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        cu_seq_q: Tensor,
        cu_seq_k: Tensor,
        max_q: int,
        max_k: int,
        *,
        return_aux: varlen.AuxRequest | None = None,
        scale: float | None = None,
        window_size: tuple[int, int] = (-1, -1),
    ) -> Tensor | tuple[Tensor, Tensor]:
        assert cu_seq_q.dtype == cu_seq_k.dtype == torch.int32
        assert max_q == int(cu_seq_q.diff().max())
        assert max_k == int(cu_seq_k.diff().max())
        self.calls += 1
        self.windows.append(window_size)
        mixed, log_sums = torch.empty_like(query), query.new_empty(query.shape[1], len(query))
        for (start, end), (start_k, end_k) in zip(
            pairwise(cu_seq_q.tolist()), pairwise(cu_seq_k.tolist()), strict=True
        ):
            parts = (query[start:end], key[start_k:end_k], value[start_k:end_k])
            q, k, v = (part.transpose(0, 1) for part in parts)
            distance = torch.arange(end_k - start_k) - torch.arange(end - start)[:, None]
            left, right = (reach if reach >= 0 else max_k for reach in window_size)
            seen = (distance >= -left) & (distance <= right)
            mixed[start:end] = scaled_dot_product_attention(q, k, v, attn_mask=seen, scale=scale).transpose(0, 1)
            scores = (q @ k.transpose(1, 2)) * (scale or q.shape[2] ** -0.5)
            log_sums[:, start:end] = scores.masked_fill(~seen, float("-inf")).logsumexp(dim=2)
        return (mixed, log_sums) if return_aux and return_aux.lse else mixed


@pytest.fixture
def varlen_stand_in(monkeypatch: pytest.MonkeyPatch) -> VarlenStandIn:
    stand_in = VarlenStandIn()
    monkeypatch.setattr(varlen, "varlen_attn", stand_in)
    return stand_in

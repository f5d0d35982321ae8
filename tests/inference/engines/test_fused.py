import pytest
import torch

from mh_batch.inference.engines import fused


def test_kernels_in_triton_say_what_pytorch_says(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton", reason="comes with PyTorch for GPUs")
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    from mh_batch.inference.engines import triton_kernels

    assert fused.agree(triton_kernels, torch.device("cpu"))

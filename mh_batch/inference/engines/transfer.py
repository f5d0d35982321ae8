"""Arrays to a device and back, without waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mh_batch.inference.engines.base import Logits
from mh_batch.inference.token_sequences import Integers, TokenSequences

# From arrays of integers in main memory to int32 tensors on a device, in their order.
Upload = Callable[[Sequence[NDArray[Any]]], Sequence[Tensor]]


@contextmanager
def computing_on(device: torch.device) -> Iterator[None]:
    """Compute without gradients on a device; on a GPU, keep attention off cuDNN.

    cuDNN builds a plan for each new shape, which takes a tenth of a second, and texts make new shapes in every batch.
    """
    with torch.inference_mode():
        if device.type != "cuda":
            yield
            return
        with cudnn_attention(False), torch.cuda.device(device):
            yield


@contextmanager
def cudnn_attention(is_on: bool) -> Iterator[None]:
    """Let attention go to cuDNN or not."""
    before = torch.backends.cuda.cudnn_sdp_enabled()  # type: ignore[no-untyped-call]  # PyTorch's has no types
    torch.backends.cuda.enable_cudnn_sdp(is_on)
    try:
        yield
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)


def upload_to(device: torch.device) -> Upload:
    """Return the way to a device."""
    return GpuUpload(device) if device.type == "cuda" else on_cpu


def on_cpu(arrays: Sequence[NDArray[Any]]) -> list[Tensor]:
    """An `Upload` to main memory."""
    return [torch.from_numpy(np.ascontiguousarray(array, np.int32)) for array in arrays]


class GpuUpload:
    """An `Upload` to a GPU: all arrays in one copy from pinned memory, on a stream of its own.

    So a batch is copied while the one before it is computed, and the thread that feeds the device does not wait.
    """

    def __init__(self, device: torch.device) -> None:
        """Open a stream to `device`."""
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # as above

    def __call__(self, arrays: Sequence[NDArray[Any]]) -> Sequence[Tensor]:
        """Begin to copy; what is queued on the device after this call waits for it."""
        sizes = [len(array) for array in arrays]
        pinned = torch.empty(sum(sizes), dtype=torch.int32, pin_memory=True)
        np.concatenate(arrays, out=pinned.numpy(), casting="same_kind")
        computing = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._stream):
            there = pinned.to(self._device, non_blocking=True)
        computing.wait_stream(self._stream)
        # Its memory was taken on the copying stream and must not be given out again before it has been computed with.
        there.record_stream(computing)
        return torch.split(there, sizes)


@dataclass(frozen=True)
class GpuComputation:
    """A batch on a GPU.

    Attributes:
        logits: Windows x outputs, shortest window first, in pinned memory to which they are copied.
        order: Where among the given windows each of them was.
        done: Recorded behind the copy.
    """

    logits: Tensor
    order: Integers
    done: torch.cuda.Event

    @classmethod
    def of(cls, logits: Tensor, order: Integers) -> GpuComputation:
        """Begin to copy logits from the device."""
        here = torch.empty(logits.shape, dtype=torch.float32, pin_memory=True)
        here.copy_(logits.float(), non_blocking=True)
        done = torch.cuda.Event()  # type: ignore[no-untyped-call]  # as above
        done.record(torch.cuda.current_stream(logits.device))
        return cls(here, order, done)

    def result(self) -> Logits:
        """Wait for the logits and return them."""
        self.done.synchronize()
        found = np.empty(self.logits.shape)
        found[self.order] = self.logits.numpy()
        return found


def padded(windows: TokenSequences, pad_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids and a boolean mask of what is no padding (both windows x longest window)."""
    lengths = torch.from_numpy(windows.lengths)
    valid = torch.arange(int(lengths.max())) < lengths[:, None]
    ids = torch.full(valid.shape, pad_id, dtype=torch.long)
    ids[valid] = torch.from_numpy(windows.ids).long()
    return ids, valid

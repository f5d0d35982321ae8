"""The header of a safetensors file, read and checked without the library.

Format: https://huggingface.co/docs/safetensors (eight bytes of length, JSON of that length, the tensors' bytes).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mh_batch.errors import ModelError
from mh_batch.models.inspection.refusal import refused
from mh_batch.models.inspection.strict_json import parse_json

_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 2**24
_MOST_DIMENSIONS = 8
_METADATA = "__metadata__"
_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}
# How archives and pickles begin: PyTorch writes both.
_OTHER_KINDS = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x1f\x8b")


@dataclass(frozen=True)
class StoredTensor:
    """What a file says of a tensor: kind of numbers (`F32`, ...), shape, and where its bytes begin and end."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(path: Path) -> dict[str, StoredTensor]:
    """Return the tensors that a safetensors file holds, by name.

    Raises:
        ModelError: the file is no safetensors file, or its header says what its bytes do not hold.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = _length(stream.read(_LENGTH_BYTES), size, path)
            content = parse_json(stream.read(length), path)
    except OSError as error:
        raise refused(path, f"it cannot be read ({type(error).__name__})") from None
    tensors = {name: _tensor(entry, name, path) for name, entry in content.items() if name != _METADATA}
    _check_layout(tensors.values(), size - _LENGTH_BYTES - length, path)
    return tensors


def _length(begin: bytes, size: int, path: Path) -> int:
    if begin.startswith(_OTHER_KINDS):
        raise refused(path, "it is a pickle or an archive under another name, and neither is opened")
    length = int.from_bytes(begin, "little")
    if len(begin) < _LENGTH_BYTES or length > size - _LENGTH_BYTES:
        raise refused(path, "it is cut off, or no safetensors file")
    if length > _MOST_HEADER_BYTES:
        raise refused(path, f"its header takes {length:,} bytes, and no more than {_MOST_HEADER_BYTES:,} are expected")
    return length


def _tensor(entry: Any, name: str, path: Path) -> StoredTensor:  # noqa: ANN401 - whatever JSON holds
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, begin, end]
        whole = all(type(number) is int and number >= 0 for number in numbers)
        if not whole or len(shape) > _MOST_DIMENSIONS or _BITS[dtype] * math.prod(shape) != 8 * (end - begin):
            raise _contradiction(name, path)
    except (TypeError, KeyError, ValueError):
        raise _contradiction(name, path) from None
    return StoredTensor(dtype, tuple(shape), begin, end)


def _contradiction(name: str, path: Path) -> ModelError:
    return refused(path, f"kind, shape and place of the tensor {name[:100]!r} do not agree")


def _check_layout(tensors: Iterable[StoredTensor], size: int, path: Path) -> None:
    """Tensors lie side by side: bytes that two of them share, or that belong to none, are no accident."""
    reached = 0
    for tensor in sorted(tensors, key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != reached:
            raise refused(path, "its tensors overlap, or leave gaps")
        reached = tensor.end
    if reached != size:
        raise refused(path, f"its tensors take {reached:,} bytes, and it holds {size:,}: cut off?")

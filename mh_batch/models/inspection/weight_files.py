"""Weights of a model: headers of safetensors files, read and checked without the library, and ONNX graphs.

Format: https://huggingface.co/docs/safetensors (eight bytes of length, JSON of that length, the tensors' bytes).
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mh_batch.errors import ModelError, PlatformError
from mh_batch.models.inspection.untrusted_files import FILE_KINDS, parse_json, read_json, refused

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

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_MOST_INDEX_BYTES = 2**24

_INSTALL = "a folder of ONNX graphs needs packages that are not installed: pip install 'mh-batch[onnx]'"


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as a file describes it: kind of numbers (`F32`, ...), shape, and where its bytes begin and end."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_safetensors_header(path: Path) -> dict[str, StoredTensor]:
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


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Return what the headers of a folder's weights say, by the tensors' names; an index wins only where it is alone.

    Raises:
        ModelError: a file is not sound, or the index names others than those that are there.
    """
    files = {path.name: read_safetensors_header(path) for path in sorted(folder.glob("*.safetensors"))}
    if (folder / INDEX).is_file():
        indexed = _indexed(folder / INDEX, files)
        return files.get(WEIGHTS, indexed)
    return files.get(WEIGHTS, {})


def _indexed(path: Path, files: dict[str, dict[str, StoredTensor]]) -> dict[str, StoredTensor]:
    found = {}
    for name, file in _weight_map(path).items():
        if not isinstance(file, str) or file not in files:
            raise refused(path, f"it leads to {str(file)[:200]!r}, which is no safetensors file of this folder")
        if name not in files[file]:
            raise refused(path, f"the tensor {name[:100]!r} is not in {file}")
        found[name] = files[file][name]
    return found


def _weight_map(path: Path) -> dict[str, Any]:
    entries = read_json(path, _MOST_INDEX_BYTES).get("weight_map")
    if not isinstance(entries, dict) or not entries:
        raise refused(path, "it holds no weight_map")
    return entries


def check_graph(path: Path) -> None:
    """Raise ModelError unless a graph can be read, and takes its weights from files of its own folder.

    Raises:
        ModelError: the graph is damaged, or leads elsewhere.
        PlatformError: the package that reads it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise PlatformError(_INSTALL) from None
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's errors are of several kinds
        raise refused(path, f"it is no ONNX graph ({type(error).__name__})") from None
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _check_place({entry.key: entry.value for entry in tensor.external_data}, path)


def _tensors(message: Any) -> Iterator[Any]:  # noqa: ANN401 - any message of a graph
    """All tensors below a message: graphs lie in attributes of nodes of graphs, and in functions."""
    waiting = [message]
    while waiting:
        message = waiting.pop()
        if message.DESCRIPTOR.name == "TensorProto":
            yield message
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += [value] if hasattr(value, "ListFields") else list(value)


def _check_place(place: dict[str, str], path: Path) -> None:
    name = place.get("location", "")
    file = path.parent / name
    if Path(name).name != name or file.suffix not in FILE_KINDS or not file.is_file():
        raise refused(path, f"it leads to weights in {name[:200]!r}, which is no file of weights in this folder")
    numbers = [place.get("offset", "0"), place.get("length", "0")]
    if not all(number.isdecimal() and len(number) < 20 for number in numbers):
        raise refused(path, "it does not say where in a file its weights lie")
    if sum(map(int, numbers)) > file.stat().st_size:
        raise refused(path, f"it leads beyond the end of {name}: cut off?")

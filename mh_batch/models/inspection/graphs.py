"""ONNX graphs whose weights lie in other files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mh_batch.errors import PlatformError
from mh_batch.models.inspection.folder import FILE_KINDS
from mh_batch.models.inspection.refusal import refused

_INSTALL = "a folder of ONNX graphs needs packages that are not installed: pip install 'mh-batch[onnx]'"


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

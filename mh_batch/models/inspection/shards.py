"""The weights of a folder: one file, or several that an index names."""

from pathlib import Path
from typing import Any

from mh_batch.models.inspection.header import StoredTensor, read_header
from mh_batch.models.inspection.refusal import refused
from mh_batch.models.inspection.strict_json import read_json

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_MOST_INDEX_BYTES = 2**24


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Return what the headers of a folder's weights say, by the tensors' names; an index wins only where it is alone.

    Raises:
        ModelError: a file is not sound, or the index names others than those that are there.
    """
    files = {path.name: read_header(path) for path in sorted(folder.glob("*.safetensors"))}
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

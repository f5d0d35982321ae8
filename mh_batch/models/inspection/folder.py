"""What may lie in a model's folder."""

import os
import stat
from pathlib import Path

from mh_batch.models.inspection.refusal import refused

# How the names of the files end that decide scores.
FILE_KINDS = frozenset({".safetensors", ".json", ".txt", ".model", ".onnx", ".data", ".onnx_data", ".yaml"})

_MOST_ENTRIES = 10_000

# transformers would load what this names, from wherever it says.
_ADAPTER = "adapter_config.json"


def check_folder(folder: Path) -> None:
    """Raise ModelError unless everything in a folder is a file of its own, or a folder, which nobody opens.

    A pipe would make who opens it wait for ever, a device never ends, and a link may lead to any file of this machine.
    """
    entries = sorted(folder.iterdir())
    if len(entries) > _MOST_ENTRIES:
        raise refused(folder, f"it holds more than {_MOST_ENTRIES:,} entries", "Leave in it what belongs to the model")
    for entry in entries:
        _check_entry(entry, _bounds(folder))
    if (folder / _ADAPTER).exists():
        merge = "Merge it into its model (PEFT: merge_and_unload) and save that"
        raise refused(folder / _ADAPTER, "it is an adapter, not a whole model", merge)


def _bounds(folder: Path) -> Path:
    """The hub's cache keeps a model's files under their digests, and links to them from each revision's folder."""
    whole = Path(os.path.realpath(folder))
    is_cached = whole.parent.name == "snapshots" and whole.parent.parent.name.startswith("models--")
    return whole.parent.parent if is_cached else whole


def _check_entry(entry: Path, bounds: Path) -> None:
    if not Path(os.path.realpath(entry)).is_relative_to(bounds):
        raise refused(entry, "it is a link that leads out of the folder", "Put the file itself there")
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        raise refused(entry, f"it cannot be looked at ({type(error).__name__})") from None
    if stat.S_ISDIR(mode) and entry.suffix in FILE_KINDS:
        raise refused(entry, "it is a folder, where a file is expected", "Remove it, and put the file there")
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise refused(entry, "it is no file but a pipe, a socket or a device", "Remove it")

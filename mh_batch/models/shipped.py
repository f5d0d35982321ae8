"""The small models whose weights lie inside the package."""

import atexit
import shutil
import tempfile
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@cache
def shipped_folder(name: str) -> Path | None:
    """Return the folder of a model that ships with the package, or None if it does not.

    Where the package lies in a zip (`spark-submit --py-files`), the model's files are unpacked once per process.
    """
    packed = files("mh_batch.models") / "shipped" / name
    if not packed.is_dir():
        return None
    return packed if isinstance(packed, Path) else _unpack(packed)


def _unpack(packed: Traversable) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mh-batch-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for entry in packed.iterdir():
        (folder / entry.name).write_bytes(entry.read_bytes())
    return folder

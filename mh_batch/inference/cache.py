"""Files that are made from checkpoints once for each machine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mh_batch.errors import PlatformError


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name` of this user's cache; if there is none, let `make` fill an empty one first.

    The cache lies under the machine's temporary folder (TMPDIR), so that all processes of one host share what is in it.

    Raises:
        PlatformError: somebody else could write to the cache.
    """
    target = _cache() / name
    if target.is_dir():
        return target
    made = Path(tempfile.mkdtemp(dir=_cache(), prefix="unfinished-"))
    try:
        make(made)
        made.rename(target)
    except OSError:
        # Another process was faster.
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def digest(folder: Path, config: Mapping[str, Any], made_by: Sequence[str]) -> str:
    """Return 24 hexadecimal digits that change with a checkpoint and with the versions that something was made by."""
    with (folder / "model.safetensors").open("rb") as weights:
        total = hashlib.file_digest(weights, "sha256")
    total.update(json.dumps([dict(config), *made_by], sort_keys=True).encode())
    return total.hexdigest()[:24]


def _cache() -> Path:
    folder = Path(tempfile.gettempdir()) / f"mh-batch-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.stat()
    # Whoever may write here decides what the models say.
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PlatformError(f"{folder} must belong to this user alone: remove it, or set TMPDIR to a folder that does")
    return folder

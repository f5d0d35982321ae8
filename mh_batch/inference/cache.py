"""Files that are made from checkpoints once for each machine."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from mh_batch.common.atomic_folder import draft_of
from mh_batch.errors import PlatformError


def cached_folder(kind: str, decisive: Sequence[str], make: Callable[[Path], None]) -> Path:
    """Return this user's cached folder of a kind; if there is none, let `make` fill an empty one first.

    The cache lies under the machine's temporary folder (TMPDIR), so that all processes of one host share what is in it.
    Of several that want it at once one makes it and the others wait.

    Args:
        kind: What the folder holds, for people who look into the cache.
        decisive: All that decides the content.
        make: Fills a folder.

    Raises:
        PlatformError: somebody else could write to the cache.
    """
    name = f"{kind}-{hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:24]}"
    target = _cache() / name
    if target.is_dir():
        return target
    with (_cache() / f"lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with draft_of(target) as draft:
                make(draft)
    return target


def _cache() -> Path:
    folder = Path(tempfile.gettempdir()) / f"mh-batch-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.stat()
    # Whoever may write here decides what the models say.
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PlatformError(f"{folder} must belong to this user alone: remove it, or set TMPDIR to a folder that does")
    return folder

"""Permissions of what is written into an output root: its owner, and its group where that is asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mh_batch.common.permissions import owner_only
from mh_batch.output.layout import OURS, OutputRoot

_WRITTEN_BY_SPARK = ("runs", "store", "work")

_FOLDER_OF_OWNER, _FILE_OF_OWNER = 0o700, 0o600
_FOLDER_OF_GROUP, _FILE_OF_GROUP = 0o750, 0o640


@contextmanager
def output_access(root: OutputRoot, with_group: bool | None = None) -> Iterator[None]:
    """Keep what is written into an output root on a local disk from others; elsewhere its own rules hold.

    Spark may have been started by somebody else, with another umask: what it wrote is set right at the end, and lies
    in folders that others cannot enter until then.

    Args:
        root: The output root.
        with_group: Whether the owner's group may read it; as before if None.
    """
    with owner_only():
        try:
            yield
        finally:
            if root.folder.is_local:
                path = root.folder.local_path()
                _set_access(path, _is_shared(path) if with_group is None else with_group)


def make_folders(root: OutputRoot) -> None:
    """Make the folders that Spark writes to, before it makes them for everybody. Object stores have none to enter."""
    if root.folder.is_local:
        for name in _WRITTEN_BY_SPARK:
            (root.folder.local_path() / name).mkdir(parents=True, exist_ok=True)


def _is_shared(root: Path) -> bool:
    runs = root / "runs"
    return runs.is_dir() and bool(runs.stat().st_mode & stat.S_IRGRP)


def _set_access(root: Path, with_group: bool) -> None:
    folder_mode, file_mode = (_FOLDER_OF_GROUP, _FILE_OF_GROUP) if with_group else (_FOLDER_OF_OWNER, _FILE_OF_OWNER)
    if with_group and root.is_dir():
        _change(root, stat.S_IMODE(root.stat().st_mode) | stat.S_IRGRP | stat.S_IXGRP)
    for folder, _, files in (entry for name in OURS for entry in os.walk(root / name)):
        _change(Path(folder), folder_mode)
        for file in files:
            _change(Path(folder) / file, file_mode)


def _change(path: Path, mode: int) -> None:
    # Others who work in the root delete files, and may own some.
    with suppress(FileNotFoundError, PermissionError):
        if stat.S_IMODE(path.lstat().st_mode) != mode and not path.is_symlink():
            path.chmod(mode)

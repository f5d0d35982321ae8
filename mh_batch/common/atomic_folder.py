"""Folders that appear whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mh_batch.errors import BusyError, UsageError


def check_new(folder: Path) -> None:
    """Raise UsageError if the folder exists."""
    if folder.exists():
        raise UsageError(f"{folder} exists: name a folder that does not, or remove it")


@contextmanager
def draft_of(folder: Path, replace: bool = False) -> Iterator[Path]:
    """Give an empty folder beside `folder`; it takes that place at the end, and goes if something fails.

    Args:
        folder: What is to appear.
        replace: Whether it may take the place of another, which goes then and not before.

    Raises:
        UsageError: the folder has come into being meanwhile.
        BusyError: another process of this machine makes the same folder.
    """
    draft, old = (folder.with_name(f".{folder.name}.{kind}") for kind in ("draft", "old"))
    with _alone(draft, folder):
        try:
            _settle(folder, old)
            yield draft
            if not replace:
                check_new(folder)
            _put(draft, folder, old)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _alone(draft: Path, folder: Path) -> Iterator[None]:
    """Hold the draft, emptied of what a process that was killed left in it."""
    draft.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        # Given back by the system when the process ends, however it ends.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its maker may just have put it in place.
        if not os.path.samestat(os.fstat(descriptor), draft.stat()):
            raise FileNotFoundError
        for entry in draft.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        raise BusyError(f"another process makes {folder}; wait for it to end, or name another folder") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _settle(folder: Path, old: Path) -> None:
    """Finish, or take back, what a process that was killed while it replaced the folder left."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _put(draft: Path, folder: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        _settle(folder, old)
        raise
    shutil.rmtree(old, ignore_errors=True)

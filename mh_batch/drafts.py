"""Folders that appear whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mh_batch.errors import UsageError


def check_new(folder: Path) -> None:
    """Raise UsageError if the folder exists."""
    if folder.exists():
        raise UsageError(f"{folder} exists: name a folder that does not, or remove it")


@contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`; it takes that place at the end, and goes if something fails.

    What a process that was killed left of it is removed first: two processes must not write the same folder.
    """
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        _put(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put(draft: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)

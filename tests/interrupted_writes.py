"""Kills whoever writes at a chosen point."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mh_batch.common.filesystem import Folder


class Killed(BaseException):
    """Stands for the end of a process."""


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, operation: str, where: str, number: int) -> Iterator[None]:
    """Raise `Killed` instead of the `number`-th operation on files whose location, or target, holds `where`."""
    whole, left = getattr(Folder, operation), [number]

    def dying(folder: Folder, *arguments: Any) -> Any:
        if any(where in place.uri for place in (folder, *arguments) if isinstance(place, Folder)):
            left[0] -= 1
            if left[0] == 0:
                raise Killed
        return whole(folder, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, operation, dying)
        yield

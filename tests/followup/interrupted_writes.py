"""Ends the process, as far as a test can, at one of the writes that follow."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

from mh_batch.common.filesystem import Folder

When = Literal["before", "half way", "after"]


class KilledError(BaseException):
    """What nobody catches."""


@contextmanager
def killed_at(write: int, when: When, only: str = "") -> Iterator[None]:
    """Let the write of that number end the process: before it, with a draft on the disk, or when it has been done.

    Writes whose location does not hold `only` do not count.
    """
    original, left = Folder.write_bytes, [write]

    def write_bytes(folder: Folder, content: bytes) -> None:
        if only not in folder.uri:
            original(folder, content)
            return
        left[0] -= 1
        if left[0] == 0 and when == "before":
            raise KilledError
        if left[0] == 0 and when == "half way":
            original(Folder(f"{folder.uri}.draft"), content[: len(content) // 2])
            raise KilledError
        original(folder, content)
        if left[0] == 0:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folder, "write_bytes", write_bytes)
        yield

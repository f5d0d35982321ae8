"""Permissions of what this process writes."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# The umask is the process's: the first to come sets it, the last to go puts the old one back.
_lock = threading.Lock()
_users = 0
_before = 0


@contextmanager
def owner_only() -> Iterator[None]:
    """Let what this process writes, and what it starts, be for its owner only."""
    global _users, _before
    with _lock:
        if _users == 0:
            _before = os.umask(0o077)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                os.umask(_before)

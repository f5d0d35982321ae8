"""Claims of workers on GPUs: each claims one for its life, since Spark may name another to every task.

A claim is a lock on a file, which the operating system frees when the process ends, whatever ended it. The files lie
where Spark keeps an executor's files, so they tell apart the workers of one application and executor, who are alone
there, and are deleted with it.
"""

import fcntl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from mh_batch.errors import PlatformError

# A worker that was killed lets go at once, an idle one when Spark ends it, after a minute.
_PATIENCE = 300.0
_PAUSE = 0.1

_claims: dict[Path, IO[str]] = {}


def claimed_gpu(candidates: Sequence[str], folder: Path, or_others: bool = False) -> str:
    """Return the GPU ("cuda:N") that this process has claimed, or claim one, waiting until one is free.

    Args:
        candidates: GPUs to choose among.
        folder: Where locks are kept.
        or_others: Any other GPU that workers here were told to choose among will do too. Spark gives one to each task;
            a worker that keeps the one that it knows leaves its task's to whoever finds his own taken.

    Raises:
        PlatformError: none became free.
    """
    folder.mkdir(exist_ok=True)
    wanted = [folder / device for device in candidates]
    for path in wanted:
        path.touch()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        others = sorted(set(folder.iterdir()) - set(wanted)) if or_others else []
        mine = [path for path in _claims if path in (*wanted, *others)]
        if mine:
            return mine[0].name
        for claim in [path for path in _claims if path not in wanted]:
            _claims.pop(claim).close()
        if any(_locked(path) for path in (*wanted, *others)):
            continue
        time.sleep(_PAUSE)
    raise PlatformError(f"no GPU of {', '.join(candidates)} became free: other workers of this application hold them")


def _locked(path: Path) -> bool:
    stream = path.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return False
    _claims[path] = stream
    return True

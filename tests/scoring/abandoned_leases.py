"""Leases whose holders did not give them back."""

import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from mh_batch.common.filesystem import Folder
from mh_batch.output.leases import Holder, Kind, _place


def left_behind(root: Path, kind: Kind, name: str, **changes: object) -> Holder:
    """Write the lease of a process that has ended, and return it."""
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    holder = Holder(kind, name, "here", _place(), int(ended.stdout), "1", 1.0, time.time(), "abc", holds=True)
    holder = replace(holder, **changes)  # type: ignore[arg-type]  # fields of Holder
    (Folder.at(str(root)) / "leases" / f"{kind}-abc.json").write_json(asdict(holder))
    return holder

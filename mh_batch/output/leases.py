"""Leases of an output root: others see them, and a dead holder loses them.

A lease is a small file. Nobody needs to create it atomically, which object stores cannot do everywhere: each first
writes that it asks and then looks at the others, so of two that start at once at least one sees the other. Who sees
someone who holds, or who asked before, gives way; who sees someone who asked later waits until that one gave way.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from mh_batch.common.filesystem import Folder
from mh_batch.errors import BusyError

# Runs work side by side; two nights would do the same work twice, two follow-ups issue or send the same thing twice;
# maintenance deletes what others may be reading.
Kind = Literal["run", "nightly", "followup", "maintenance"]
_EXCLUDES: dict[Kind, frozenset[Kind]] = {
    "run": frozenset({"maintenance"}),
    "nightly": frozenset({"nightly", "maintenance"}),
    "followup": frozenset({"followup", "maintenance"}),
    "maintenance": frozenset({"run", "nightly", "followup", "maintenance"}),
}

# Tokens of the leases that the work of this thread is done under.
_held_here: ContextVar[frozenset[str]] = ContextVar("leases held here", default=frozenset())

_SETTLE_SECONDS = 0.2
_READS = 5
_BEAT_SECONDS = 15.0
# A holder on another machine is dead when it has been silent for so long: many beats, since its clock may differ.
_SILENT_SECONDS = 600.0


@dataclass(frozen=True)
class Holder:
    """The holder of a lease.

    Attributes:
        kind: What it does.
        name: Run id, or date of a nightly run.
        host: Its machine, for people.
        place: Where its process number means something: the machine since its last start, and the container in it.
        pid: Its process there.
        process_started: When that process started, in the machine's own clock ticks; "" where nothing tells.
        since: When it took the lease, seconds since 1970.
        beat: When it last said that it lives.
        holds: Whether it holds the lease, or asks for it still.
        token: Tells leases apart.
    """

    kind: Kind
    name: str
    host: str
    place: str
    pid: int
    process_started: str
    since: float
    beat: float
    token: str
    holds: bool = False

    def __str__(self) -> str:
        """For a message."""
        began = datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
        return f"{self.kind} {self.name}, process {self.pid} on {self.host}, since {began}"

    def is_dead(self, now: float) -> bool:
        """Whether nobody stands behind it any more: its process is gone, or, seen from elsewhere, silent for long."""
        if self.process_started and self.place == _place():
            seen = _process_started(self.pid)
            if seen:
                return seen != self.process_started
        return now - self.beat > _SILENT_SECONDS


class Leases:
    """The leases of one output root."""

    def __init__(self, root: Folder) -> None:
        """Look at `<root>/leases`."""
        self._folder = root / "leases"

    def holders(self) -> list[Holder]:
        """Everyone who holds a lease or asks for one, dead or alive."""
        files = [self._folder / name for name in self._folder.names() if name.endswith(".json")]
        return [holder for holder in map(_read, files) if holder is not None]

    def reap_expired(self, clear: Callable[[Holder], None]) -> None:
        """Remove the leases of the dead, each after `clear` has removed what it left."""
        for holder in self.holders():
            if holder.is_dead(time.time()):
                clear(holder)
                self._file(holder).delete()

    @contextmanager
    def held(self, kind: Kind, name: str, within: bool = False) -> Iterator[Callable[[], None]]:
        """Hold a lease while the block runs; gives it a function that raises BusyError if the lease has been lost.

        Args:
            kind: What is done.
            name: Run id, or date of a nightly run.
            within: Whether leases that this thread holds already may stay: what is done is a part of their work.

        Raises:
            BusyError: someone who lives holds one that excludes it.
        """
        own = _own(kind, name)
        outer = _held_here.get()
        own_context = _held_here.set(outer | {own.token})
        self._write(own)
        stop = threading.Event()
        beating = threading.Thread(target=self._beat, args=(own, stop), daemon=True)
        try:
            self._settle(own, outer if within else frozenset())
            beating.start()
            yield partial(self._check, own)
        finally:
            stop.set()
            if beating.is_alive():
                beating.join()
            self._file(own).delete()
            _held_here.reset(own_context)

    def _settle(self, own: Holder, beside: frozenset[str]) -> None:
        while rivals := self._rivals(own, beside):
            for other in rivals:
                if other.holds or (other.since, other.token) < (own.since, own.token):
                    raise BusyError(f"{self._folder.uri} is held by {other}; wait for it to end, or end it")
            time.sleep(_SETTLE_SECONDS)
        self._write(replace(own, holds=True))

    def _rivals(self, own: Holder, beside: frozenset[str]) -> list[Holder]:
        others = [other for other in self.living() if other != own and other.token not in beside]
        return [other for other in others if other.kind in _EXCLUDES[own.kind]]

    def _check(self, own: Holder) -> None:
        if not self._file(own).exists():
            raise BusyError(
                f"{own} was silent for so long that another took it for dead; start it again, what it scored is kept"
            )

    def living(self) -> list[Holder]:
        """Everyone who holds a lease or asks for one and has not died."""
        return [holder for holder in self.holders() if not holder.is_dead(time.time())]

    def _beat(self, own: Holder, stop: threading.Event) -> None:
        while not stop.wait(_BEAT_SECONDS):
            # What cannot be written now may be written next time, long before others take this one for dead.
            with suppress(OSError):
                if self._file(own).exists():
                    self._write(replace(own, holds=True, beat=time.time()))

    def _write(self, holder: Holder) -> None:
        self._file(holder).write_json(asdict(holder))

    def _file(self, holder: Holder) -> Folder:
        return self._folder / f"{holder.kind}-{holder.token}.json"


def _own(kind: Kind, name: str) -> Holder:
    now, pid = time.time(), os.getpid()
    started = _process_started(pid)
    return Holder(kind, name, socket.gethostname(), _place(), pid, started, now, now, secrets.token_hex(6))


def _read(file: Folder) -> Holder | None:
    """The holder of a lease; None if it has been given back. What cannot be read is held by someone unknown."""
    for _ in range(_READS):
        try:
            return Holder(**file.read_json())
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):  # half written, on a file system that does not replace files at once
            time.sleep(_SETTLE_SECONDS)
    stem, written = file.name.removesuffix(".json"), file.modified()
    kinds: Sequence[Kind] = [kind for kind in _EXCLUDES if stem.startswith(f"{kind}-")]
    kind = kinds[0] if kinds else "run"
    return Holder(kind, file.name, "unknown", "", 0, "", written, written, stem.partition("-")[2], holds=True)


def _place() -> str:
    """Names this machine since its last start, and this container in it; "" where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _process_started(pid: int) -> str:
    """The time when a process started; "gone" if there is none, "" where the system does not tell."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    try:
        # The name of the program, in parentheses, may hold anything; the 22nd field follows it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""

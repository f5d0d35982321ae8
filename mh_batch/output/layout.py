"""Layout of an output root: the places of its files, and its whole runs."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mh_batch.common.filesystem import Folder
from mh_batch.errors import RunNotFoundError, nearest

MANIFEST = "manifest.json"
_MODEL = "model="

# What is ours in an output root. Other files there are their owners': they are never changed.
COPIES = "copies"
OURS = (COPIES, "erased", "failed", "leases", "outbox", "runs", "store", "work")

# They come and go while others work, and hold nothing of the corpus.
_LEASES = "leases"


def own_files(root: Folder, suffix: str = "", unfinished: bool = False) -> list[Folder]:
    """Return the files of that suffix in an output root that are ours, but leases.

    Args:
        root: The output root.
        suffix: As of `Folder.walk`.
        unfinished: As of `Folder.walk`.
    """
    return [file for name in OURS if name != _LEASES for file in (root / name).walk(suffix, unfinished)]


def files_of_others(root: Folder) -> list[Folder]:
    """Return the files in an output root that are not ours."""
    start = len(root.uri.rstrip("/")) + 1
    return [file for file in root.walk(unfinished=True) if file.uri[start:].partition("/")[0] not in OURS]


def new_run_id(now: datetime | None = None) -> str:
    """Return an id that sorts by time and is unique: two runs that start in the same second differ."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@dataclass(frozen=True)
class OutputRoot:
    """An output root: store, runs, failed runs, and what unfinished runs keep for themselves."""

    folder: Folder

    @classmethod
    def at(cls, location: str) -> "OutputRoot":
        """Return the output root at a path or URI."""
        return cls(Folder.at(location))

    @classmethod
    def existing(cls, location: str) -> "OutputRoot":
        """Return the output root at a path or URI; RunNotFoundError if nothing was ever scored into it."""
        root = cls.at(location)
        if not any((root.folder / name).exists() for name in ("runs", "store", "failed")):
            raise RunNotFoundError(f"{root.folder.uri} is no output root: it holds neither runs nor a score store")
        return root

    def run(self, run_id: str) -> Folder:
        """Return the folder of a run that is staged or published."""
        return self.folder / "runs" / run_id

    def failed(self, run_id: str) -> Folder:
        """Return the folder of a run that did not pass validation."""
        return self.folder / "failed" / run_id

    def work(self, run_id: str) -> Folder:
        """Return the folder for what a run needs only while it runs."""
        return self.folder / "work" / run_id

    def clear_away(self, run_id: str) -> None:
        """Delete what a run that has ended keeps for itself, and what it staged if it was not published.

        What it scored stays in the store.
        """
        self.work(run_id).delete()
        if not (self.run(run_id) / MANIFEST).exists():
            self.run(run_id).delete()
        for fingerprint in self.fingerprints():
            # Where Spark writes what a task has not finished.
            (self.store(fingerprint) / f"run={run_id}" / "_temporary").delete()

    def store(self, fingerprint: str) -> Folder:
        """Return the folder of what was scored under a model fingerprint."""
        return self.folder / "store" / f"{_MODEL}{fingerprint}"

    def fingerprints(self) -> list[str]:
        """Return the model fingerprints that the store holds."""
        return [name.removeprefix(_MODEL) for name in (self.folder / "store").names()]

    def retire(self, keep: int | None) -> list[str]:
        """Delete all but the newest `keep` published and failed runs; return the published ones' ids.

        What they scored stays in the store.
        """
        if keep is None:
            return []
        for run_id in self.failed_runs()[:-keep]:
            self.failed(run_id).delete()
        old = self.published()[:-keep]
        for run_id in old:
            # Its manifest first: from then on it is no run, however far the deletion comes.
            (self.run(run_id) / MANIFEST).delete()
            self.run(run_id).delete()
        return old

    def published(self) -> list[str]:
        """Return the ids of the published runs, oldest first: a run exists when its manifest does."""
        names = (self.folder / "runs").names()
        return [name for name in names if (self.run(name) / MANIFEST).exists()]

    def failed_runs(self) -> list[str]:
        """Return the ids of the runs that did not pass, oldest first."""
        return (self.folder / "failed").names()

    def resolve(self, run: str) -> str:
        """Return the id of a published run, given its id or `latest`; RunNotFoundError if there is none."""
        published = self.published()
        if not published:
            raise RunNotFoundError(f"{self.folder.uri} holds no published run")
        if run == "latest":
            return published[-1]
        if run in published:
            return run
        if run in self.failed_runs():
            raise RunNotFoundError(f"run {run} did not pass validation; see {self.failed(run).uri}")
        raise RunNotFoundError(f"{self.folder.uri} holds no published run '{run}': {nearest(run, published)}")

    def compared(self, against: str | None, previous: str | None) -> Folder | None:
        """Return the folder of the run that a report compares with: the one named, else the one before, if it is there.

        Raises:
            RunNotFoundError: there is no published run of the name.
        """
        if against is not None:
            return self.run(self.resolve(against))
        return self.run(previous) if previous in self.published() else None

    def manifest(self, run: str) -> dict[str, Any]:
        """Return the manifest of a published run, given its id or `latest`."""
        manifest: dict[str, Any] = (self.run(self.resolve(run)) / MANIFEST).read_json()
        return manifest

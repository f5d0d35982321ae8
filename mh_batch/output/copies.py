"""The register of copies of an output root's runs elsewhere, which the root cannot change by itself.

A copy is told by a file of its own: a report that is written meanwhile rewrites its run's manifest, and a run that is
retired takes its manifest along, while its copies stay.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass

from mh_batch.common.console import announce
from mh_batch.common.filesystem import Folder
from mh_batch.output.layout import COPIES, OutputRoot


@dataclass(frozen=True)
class Copy:
    """A copy of a run.

    Attributes:
        run_id: The run.
        place: Where it was copied to, as `mh-batch publish --to` takes it.
        at: When it was begun, ISO 8601, UTC.
        versions: The version of each table there that holds it; empty while it is not known whether it came so far.
    """

    run_id: str
    place: str
    at: str
    versions: Mapping[str, int]

    def record(self, root: OutputRoot) -> None:
        """Write it into the output root, in the place of what was known of a copy of this run there."""
        self._file(root).write_json(asdict(self))

    def forget(self, root: OutputRoot) -> None:
        """Let the output root know of no copy of this run there."""
        self._file(root).delete()

    def _file(self, root: OutputRoot) -> Folder:
        digest = hashlib.sha256(self.place.encode()).hexdigest()[:12]
        return copies_folder(root.folder) / f"{self.run_id}-{digest}.json"


def copies_folder(root: Folder) -> Folder:
    """The folder of the register in an output root."""
    return root / COPIES


def copies_in(root: OutputRoot) -> list[Copy]:
    """Return the copies that there are, or may be."""
    return [Copy(**file.read_json()) for file in copies_folder(root.folder).walk(".json")]


def warn_of_copies(root: OutputRoot, why: str, runs: Collection[str] | None = None) -> None:
    """Say which copies are not what the root holds any more, and by which commands they become so.

    Args:
        root: The output root.
        why: What has happened.
        runs: Ids of the runs that it happened to; all if None. Of runs that were retired nobody knows: they are told.
    """
    published = root.published()
    stale = [copy for copy in copies_in(root) if runs is None or copy.run_id in {*runs} or copy.run_id not in published]
    if stale:
        announce("\n".join([f"{why}; copies elsewhere are as they were:", *_lines(root, stale, published)]))


def _lines(root: OutputRoot, stale: Collection[Copy], published: Collection[str]) -> Iterator[str]:
    output = shlex.quote(root.folder.uri)
    for copy in stale:
        command = f"mh-batch publish --output {output} --run {shlex.quote(copy.run_id)} --to {shlex.quote(copy.place)}"
        if copy.run_id in published:
            yield f"  - {copy.place} holds run {copy.run_id}. To replace it: {command}"
        else:
            yield f"  - {copy.place} holds run {copy.run_id}, which was retired. To take it out: {command} --remove"
    yield (
        '  Older versions of a Delta table keep the rows until its VACUUM, such as DeltaTable("…/scores").vacuum('
        "retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True), and the same of …/rejected"
    )

"""Copies of a published run in tables that others query, and their removal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mh_batch._version import __version__
from mh_batch.errors import ErasureError, RunNotFoundError, nearest
from mh_batch.output import (
    Copy,
    Leases,
    OutputRoot,
    PublishedRun,
    copies_in,
    journal_file,
    output_access,
    refuse_between_keys,
)
from mh_batch.publishing.delta_runs import DeltaRuns, check_installed
from mh_batch.publishing.places import Place
from mh_batch.publishing.run_tables import RunTable, TableName, rejected_of, scores_of


@dataclass(frozen=True)
class Copied:
    """The outcome of copying a run.

    Attributes:
        run_id: The run.
        rows: Rows of each table.
        versions: The version of each table that holds them.
    """

    run_id: str
    rows: Mapping[str, int]
    versions: Mapping[str, int]


def publish_run(root: OutputRoot, run: str, place: Place) -> Copied:
    """Put a run's scores, and what it rejected, into the tables of a place, instead of what they hold of this run.

    Each table shows the run whole or not at all, what was rejected first. Where this ends in between, the output root
    remembers that there may be a copy, and the same call finishes it.

    Args:
        root: The output root; held under a run's lease meanwhile, so that no erasure comes in between.
        run: Run id, or `latest`.
        place: Where the tables are, or are to be.

    Raises:
        RunNotFoundError: there is no such published run.
        UsageError: a table there is not ours, the place is in the root, or a package is missing; nothing was written.
        ErasureError, RotationError: one was interrupted, and has to be finished first.
        BusyError: somebody erases in the root, or changes its key.
        PublishingError: a table cannot be written.
    """
    run_id = root.resolve(run)
    tables = _tables(root, place)
    with _held(root, f"publish of {run_id}") as check_lease:
        published = PublishedRun(root.run(root.resolve(run_id)))
        contents: dict[TableName, RunTable] = {"rejected": rejected_of(published), "scores": scores_of(published)}
        facts = _facts(published.manifest)
        for table in tables.values():
            table.check()
        copy = Copy(run_id, str(place), datetime.now(UTC).isoformat(timespec="seconds"), {})
        copy.record(root)
        versions: dict[str, int] = {name: tables[name].replace(run_id, contents[name], facts) for name in contents}
        check_lease()
        replace(copy, versions=versions).record(root)
    rows: dict[str, int] = {name: contents[name].rows for name in contents}
    return Copied(run_id, rows, versions)


def remove_run(root: OutputRoot, run: str, place: Place) -> Copied:
    """Take a run out of the tables of a place; also one that the root has retired. Errors as of `publish_run`.

    Args:
        root: The output root; held under a run's lease meanwhile.
        run: Run id, or `latest`.
        place: Where the tables are.
    """
    copies = {copy.run_id: copy for copy in copies_in(root) if copy.place == str(place)}
    run_id = root.resolve(run) if run == "latest" else run
    if run_id not in copies:
        raise RunNotFoundError(f"no copy of run '{run}' in {place} is known: {nearest(run_id, copies)}")
    tables = _tables(root, place)
    with _held(root, f"publish of {run_id}"):
        for table in tables.values():
            table.check()
        facts = {"mh_batch_removed_run": run_id, "mh_batch_version": __version__}
        versions = {name: table.remove(run_id, facts) for name, table in tables.items()}
        copies[run_id].forget(root)
    return Copied(run_id, {}, {name: version for name, version in versions.items() if version is not None})


def _tables(root: OutputRoot, place: Place) -> dict[TableName, DeltaRuns]:
    place.check_outside(root)
    check_installed()
    names: tuple[TableName, ...] = ("rejected", "scores")
    return {name: DeltaRuns(name, place.table(name)) for name in names}


@contextmanager
def _held(root: OutputRoot, name: str) -> Iterator[Callable[[], None]]:
    with output_access(root), Leases(root.folder).held("run", name) as check_lease:
        refuse_between_keys(root)
        if journal_file(root.folder).exists():
            raise ErasureError("an erasure was interrupted: `mh-batch erase` finishes it, and so does the next run")
        yield check_lease


def _facts(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a commit: run, software, models; no path, no setting, nothing of a text."""
    return {
        "mh_batch_run": manifest["run_id"],
        "mh_batch_finished_at": manifest["finished_at"],
        "mh_batch_run_version": manifest["mh_batch_version"],
        "mh_batch_models": ", ".join(f"{model['name']} {model['fingerprint']}" for model in manifest["models"]),
        "mh_batch_version": __version__,
    }

"""Maintenance of the score store: what it holds, and how it is kept small."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import UsageError, nearest
from mh_batch.output.access import output_access
from mh_batch.output.keys import refuse_between_keys
from mh_batch.output.layout import OutputRoot, own_files
from mh_batch.output.leases import Holder, Leases
from mh_batch.output.store import ScoreStore


@dataclass(frozen=True)
class StoreStatistics:
    """Figures of the store's part for one model fingerprint.

    Attributes:
        fingerprint: The model with its tokenizer, windows and precision.
        models: Names of the models that published runs say it is.
        rows: Rows; a text that two runs scored side by side, or failed on, has more than one.
        files: Files that they lie in.
        bytes: Their size.
        runs: Published runs that used it.
    """

    fingerprint: str
    models: str
    rows: int
    files: int
    bytes: int
    runs: int


def store_statistics(root: OutputRoot) -> list[StoreStatistics]:
    """Return what the store holds, by fingerprint, from the files' footers."""
    users = _users(root)
    return [_statistics(root, fingerprint, users.get(fingerprint, [])) for fingerprint in root.fingerprints()]


def compact_store(spark: SparkSession, root: OutputRoot) -> dict[str, tuple[int, int]]:
    """Put the files of each fingerprint together; return how many files there were before and after.

    Raises:
        BusyError: somebody works in the output root.
        StoreError: the new files did not hold what they should; the store is as it was.
    """
    with output_access(root), Leases(root.folder).held("maintenance", "compact"):
        refuse_between_keys(root)
        return {name: ScoreStore(spark, root, name).compact() for name in root.fingerprints()}


def prune_store(root: OutputRoot, fingerprints: Collection[str], unused: bool) -> list[str]:
    """Delete what was scored under fingerprints that are no longer wanted; return them.

    Args:
        root: The output root.
        fingerprints: These.
        unused: Also those that no published run used.

    Raises:
        BusyError: somebody works in the output root.
        UsageError: the store has no such fingerprint, or none was named.
    """
    if not fingerprints and not unused:
        raise UsageError("nothing to delete: name fingerprints with --fingerprint, or say --unused")
    known = root.fingerprints()
    for fingerprint in fingerprints:
        if fingerprint not in known:
            raise UsageError(f"the store has no fingerprint '{fingerprint}': {nearest(fingerprint, known)}")
    with Leases(root.folder).held("maintenance", "prune"):
        idle = set(known) - _users(root).keys() if unused else set()
        unwanted = sorted(idle | set(fingerprints))
        for fingerprint in unwanted:
            root.store(fingerprint).delete()
    return unwanted


def _users(root: OutputRoot) -> dict[str, list[str]]:
    """For each fingerprint, the model's name in each published run that used it."""
    users: dict[str, list[str]] = {}
    for run in root.published():
        for model in root.manifest(run)["models"]:
            users.setdefault(model["fingerprint"], []).append(model["name"])
    return users


def _statistics(root: OutputRoot, fingerprint: str, users: list[str]) -> StoreStatistics:
    files = list(_files(root.store(fingerprint)))
    rows = sum(rows for rows, _ in files)
    size = sum(size for _, size in files)
    return StoreStatistics(fingerprint, ", ".join(sorted(set(users))), rows, len(files), size, len(users))


def _files(folder: Folder) -> Iterator[tuple[int, int]]:
    """Rows and bytes of each finished file."""
    file_system, _ = file_system_of(folder.uri)
    for file in folder.files(".parquet"):
        yield pq.read_metadata(file.path, filesystem=file_system).num_rows, file.size


def remove_stale_files(root: OutputRoot, leases: Leases) -> None:
    """Delete what lies in work and in unpublished runs, and what killed writers left anywhere half written.

    Nobody may work in the root but who calls.
    """
    leases.reap_expired(partial(clear_after, root))
    own = {holder.name for holder in leases.living()}
    for run in {*(root.folder / "work").names(), *(root.folder / "runs").names()} - own:
        root.clear_away(run)
    for file in set(own_files(root.folder, unfinished=True)) - set(own_files(root.folder)):
        file.delete()


def clear_after(root: OutputRoot, dead: Holder) -> None:
    """Delete what somebody who died left lying; what a run scored stays, as far as its files are whole."""
    if dead.kind == "run":
        root.clear_away(dead.name)
        delete_truncated_files(root, dead.name)


def delete_truncated_files(root: OutputRoot, run_id: str) -> None:
    """Delete files of a run that died which have no end, as a machine that loses its power may leave them.

    Their texts are scored again. Unless they go, no run could read the store.
    """
    for fingerprint in root.fingerprints():
        folder = root.store(fingerprint) / f"run={run_id}"
        file_system, _ = file_system_of(folder.uri)
        for file in folder.files(".parquet"):
            try:
                pq.read_metadata(file.path, filesystem=file_system)
            except pa.ArrowInvalid:
                file_system.delete_file(file.path)

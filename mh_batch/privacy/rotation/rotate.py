"""Rotates the key of an output root: what was pseudonymous under the old key becomes so under a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mh_batch.common.console import announce
from mh_batch.errors import ErasureError, KeyFileError, RotationError, UsageError
from mh_batch.output import (
    KEY_CHECK,
    MANIFEST,
    Leases,
    OutputRoot,
    check_key,
    key_path,
    output_access,
    own_files,
    remove_stale_files,
    rewrite_files,
    rotation_marker,
    stored_key,
    warn_of_copies,
)
from mh_batch.privacy.erasure.erasure_journal import unfinished_erasure
from mh_batch.privacy.rotation.pseudonyms import NextLink
from mh_batch.pseudonyms import PseudonymKey, create_key_file, new_key, read_key

_DRAFTS = "rotate"


@dataclass(frozen=True)
class Rotated:
    """The outcome of a rotation.

    Attributes:
        files: Files of tables that hold other pseudonyms now.
        key_file: Where the new chain of keys is.
    """

    files: int
    key_file: Path


def rotate(root: OutputRoot, key_file: Path | None = None, write_key_to: Path | None = None) -> Rotated:
    """Put all pseudonyms and content keys of an output root under a new key, without reading a text.

    A new pseudonym is the keyed hash of the old one: the file then holds both keys, later runs apply one after the
    other, and what was scored before is found in the store.

    What it protects against: whoever got hold of old pseudonyms, or of the old key, cannot tell from pseudonyms alone
    which of the new ones they became. What it does not: who has both keys can; and tables that leaked can be laid
    beside the new ones by anything else that both hold, such as `doc_id`, dates and scores. Copies that were made
    before, such as backups, keep the old pseudonyms.

    Whoever is killed on the way leaves whole tables, some of them under the new key. No run starts in the root until
    the same command has finished.

    Args:
        root: The output root.
        key_file: File with the key, if it is neither the root's own nor in the environment.
        write_key_to: Where to write the new chain; the file that holds the old one if None.

    Raises:
        BusyError: somebody works in the root.
        KeyFileError: the key is not the root's, or the new one cannot be written.
        ErasureError: an erasure has to be finished first.
        RotationError: one was interrupted, and its new key is not where it was to be written.
        UsageError: the key is in the environment, and `write_key_to` is None.
    """
    source = key_path(root, key_file)
    target = write_key_to or source
    if target is None:
        raise UsageError("the key is in the environment: say with --write-key-to where the new chain of keys is to go")
    leases = Leases(root.folder)
    with output_access(root), leases.held("maintenance", "rotate-key"):
        if unfinished_erasure(root.folder) is not None:
            raise ErasureError(
                "an erasure was interrupted: `mh-batch erase`, of the same or of others, finishes it first"
            )
        remove_stale_files(root, leases)
        new = _new_key(root, source, target)
        files = _rewrite(root, new)
        draft = _draft(target)
        if draft.exists():
            draft.replace(target)
        warn_of_copies(root, "pseudonyms are under another key")
        rotation_marker(root).delete()
    return Rotated(files, target)


def _draft(target: Path) -> Path:
    return target.with_name(f"{target.name}.next")


def _new_key(root: OutputRoot, source: Path | None, target: Path) -> PseudonymKey:
    """Return the chain with a new key, which an interrupted rotation may have begun to apply; it is on disk first."""
    marker, draft = rotation_marker(root), _draft(target)
    if marker.exists():
        return _interrupted(marker.read_json()[KEY_CHECK], [draft, target])
    old = stored_key(source)
    check_key(root, old)
    if target != source and target.exists():
        raise UsageError(f"{target} exists: name another file for the new chain of keys")
    draft.unlink(missing_ok=True)  # of a rotation that ended before it changed anything
    try:
        create_key_file(draft, old.rotated(new_key()))
    except OSError as error:
        raise KeyFileError(
            f"the new key cannot be written to {draft} ({error.strerror}): name another file with --write-key-to"
        ) from None
    new = read_key(draft)
    marker.write_json({KEY_CHECK: new.check})
    return new


def _interrupted(check: str, places: list[Path]) -> PseudonymKey:
    for place in places:
        if place.exists() and (key := read_key(place)).check == check:
            announce("finishing the rotation that was interrupted")
            return key
    raise RotationError(
        f"a rotation was interrupted, and its new key is neither in {places[0]} nor in {places[1]}: name the files "
        "that were named then"
    )


def _rewrite(root: OutputRoot, key: PseudonymKey) -> int:
    announce("putting pseudonyms under the new key")
    drafts = root.work(_DRAFTS)
    changed = rewrite_files(own_files(root.folder, ".parquet"), NextLink(key), drafts)
    drafts.delete()
    for folder in [*map(root.run, root.published()), *map(root.failed, root.failed_runs())]:
        if (folder / MANIFEST).exists():
            manifest = (folder / MANIFEST).read_json()
            (folder / MANIFEST).write_json({**manifest, KEY_CHECK: key.check})
    return len(changed)

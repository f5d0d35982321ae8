"""The key of an output root."""

from pathlib import Path
from typing import Any

from mh_batch.common.console import warn
from mh_batch.common.filesystem import Folder
from mh_batch.errors import KeyFileError, RotationError, UsageError
from mh_batch.output.layout import OutputRoot
from mh_batch.pseudonyms import (
    ENVIRONMENT,
    PseudonymKey,
    key_of_environment,
    read_key,
    read_or_create_key,
    who_else_may_read,
)

KEY_FILE = "pseudonym.key"
KEY_CHECK = "pseudonym_key"


def key_path(root: OutputRoot, key_file: Path | None) -> Path | None:
    """Return the file with the key: the one named, or the root's own; None where the environment holds the key.

    Raises:
        UsageError: no key is named, and the root is no local folder.
    """
    if key_file is not None or key_of_environment() is not None:
        return key_file
    if not root.folder.is_local:
        raise UsageError(
            f"{root.folder.uri} is not a local folder: name the pseudonyms' key with --key-file or {ENVIRONMENT}"
        )
    return root.folder.local_path() / KEY_FILE


def root_key(root: OutputRoot, key_file: Path | None = None, may_create: bool = False) -> PseudonymKey:
    """Return the secret behind the pseudonyms of an output root.

    Args:
        root: The output root.
        key_file: A file of one's own; else the environment variable, else the root's own file.
        may_create: Whether to make the root's own file, once, where it is missing.

    Raises:
        KeyFileError: there is no usable key, or it is not the one that the root's runs were written under.
        RotationError: the root is between two keys.
        UsageError: no key is named, and the root is no local folder.
    """
    key = stored_key(key_path(root, key_file), may_create and key_file is None)
    check_key(root, key)
    return key


def stored_key(path: Path | None, may_create: bool = False) -> PseudonymKey:
    """Return the key in a file, made if it may be, or in the environment; KeyFileError if there is none."""
    if path is None:
        key = key_of_environment()
        assert key is not None
        return key
    key = read_or_create_key(path) if may_create else read_key(path)
    _warn_of_readers(path)
    return key


def _warn_of_readers(path: Path) -> None:
    others = who_else_may_read(path)
    if others is not None:
        warn(f"{others} may read {path}, and could link authors to their pseudonyms: chmod 600 {path}")


def check_key(root: OutputRoot, key: PseudonymKey) -> None:
    """Raise KeyFileError unless a key is the one that the root's runs were written under.

    Under another key every text would be scored again, and every author be somebody else, without a word.
    """
    refuse_between_keys(root)
    for run in reversed(root.published()):
        manifest: dict[str, Any] = root.manifest(run)
        if manifest.get(KEY_CHECK, key.check) != key.check:
            raise KeyFileError(
                f"this is not the key that run {run} in {root.folder.uri} was written under: give the same one "
                "(--key-file), after a rotation the whole chain of keys, or write to another output root"
            )
        if KEY_CHECK in manifest:
            return


def refuse_between_keys(root: OutputRoot) -> None:
    """Raise RotationError if the root's pseudonyms are those of two keys, since a rotation was interrupted."""
    if rotation_marker(root).exists():
        raise RotationError(
            f"a rotation of the pseudonyms in {root.folder.uri} was interrupted: `mh-batch rotate-key` finishes it"
        )


def rotation_marker(root: OutputRoot) -> Folder:
    """The file that is there while pseudonyms are changed from one key to another."""
    return root.folder / "rotation.json"

"""Parts of manifests that may name persons: of the input, which is cleaned; and settings, which stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from mh_batch.common.filesystem import Folder
from mh_batch.output import MANIFEST
from mh_batch.privacy.erasure.identifier_search import ERASED, IdentifierSearch

# Files of the input may be named after persons.
_WITH_FILES = ("inputs", "tables", "bad_files")
_SETTINGS_WITH_FILES = ("input",)

# Said by whoever started the run. Later runs are told by the same paths and words: they are not for us to change.
_SAID = ("consent", "consent_basis", "models", "settings")


def read_manifest(run: Folder) -> dict[str, Any] | None:
    """Return the manifest of a run; None if there is none, as where one that failed was killed while it was moved."""
    try:
        manifest: dict[str, Any] = (run / MANIFEST).read_json()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return manifest


def without_identifiers(manifest: dict[str, Any], search: IdentifierSearch) -> dict[str, Any]:
    """Return the manifest with identifiers taken out of what it says of the input."""
    settings = {**manifest["settings"], **_cleaned(search, manifest["settings"], _SETTINGS_WITH_FILES)}
    return {**manifest, **_cleaned(search, manifest, _WITH_FILES), "settings": settings}


def may_have_read(recorded: Sequence[str], inputs: Sequence[str]) -> bool:
    """Whether these inputs are the ones that a manifest tells, where an erasure may have taken names out."""
    return len(recorded) == len(inputs) and all(map(_may_be, recorded, inputs))


def _may_be(recorded: str, name: str) -> bool:
    return bool(re.fullmatch("[^/]+".join(map(re.escape, recorded.split(ERASED))), name))


def identifiers_in_settings(run: Folder, search: IdentifierSearch) -> frozenset[str]:
    """Return the identifiers that a run's settings hold, such as the name of a folder that results lie in."""
    manifest = read_manifest(run) or {}
    said = {name: manifest[name] for name in _SAID if name in manifest}
    settings = {name: value for name, value in said.get("settings", {}).items() if name not in _SETTINGS_WITH_FILES}
    return search.those_in(json.dumps({**said, "settings": settings}, ensure_ascii=False).encode())


def _cleaned(search: IdentifierSearch, content: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: search.without(content[name]) for name in names if name in content}

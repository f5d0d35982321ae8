"""The files at a ledger's location: those to read, and those whose names would keep them out."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from pyarrow import fs

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import CorpusError, LedgerError
from mh_batch.sources.file_listing import refuse, walk_here
from mh_batch.sources.table_logs import check_surroundings, is_hidden, is_unfinished

ENDINGS = (".parquet", ".csv")


def ledger_files(location: str) -> list[Folder]:
    """Return the files at a location, each once; those of a folder by their names.

    Raises:
        LedgerError: there is none; it is, holds or lies in a table with a log; or something in it would be missed.
    """
    folder = Folder.at(location)
    file_system, path = file_system_of(folder.uri)
    kind = file_system.get_file_info(path).type
    if kind == fs.FileType.NotFound:
        return []
    try:
        check_surroundings(location)
        names = _names_here(location, folder) if folder.is_local else _names_elsewhere(folder)
    except CorpusError as error:
        raise LedgerError(str(error)) from None
    if kind == fs.FileType.File:
        return [folder]
    _refuse_what_would_be_missed(location, names)
    return [folder / str(name) for name in sorted(names) if not _is_kept_out(name)]


def _names_here(location: str, folder: Folder) -> list[PurePosixPath]:
    walk = walk_here(location, set())
    refuse(walk.bad)
    hidden = [file for path in walk.hidden if not is_unfinished(path.name) for file in _files_in(path)]
    found = [Path(file_system_of(uri)[1]) for uri in walk.files]
    return [PurePosixPath(path.relative_to(folder.local_path())) for path in [*found, *hidden]]


def _files_in(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
    for top, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not is_unfinished(name)]
        yield from (Path(top, name) for name in files)


def _names_elsewhere(folder: Folder) -> list[PurePosixPath]:
    names = [PurePosixPath(file.uri.removeprefix(folder.uri).strip("/")) for file in folder.walk(unfinished=True)]
    return [name for name in names if not any(map(is_unfinished, name.parts[:-1]))]


def _is_kept_out(name: PurePosixPath) -> bool:
    return any(map(is_hidden, name.parts))


def _refuse_what_would_be_missed(location: str, names: Collection[PurePosixPath]) -> None:
    """A withdrawal in a file that is passed over would not be heeded, and nobody would know.

    Who hid a table may want it passed over, or not know of its name: either guess may wrong somebody.
    """
    tables = [name for name in names if name.name.lower().endswith(ENDINGS)]
    if hidden := [_told(name) for name in tables if _is_kept_out(name) or name.name.startswith("_")]:
        raise LedgerError(
            f"{location} holds tables whose names begin with _ or ., such as {min(hidden)}: rename what belongs "
            "to the ledger, and put elsewhere what does not"
        )
    others = [name.name for name in names if not name.name.startswith(("_", ".")) and not name.name.endswith(ENDINGS)]
    if others:
        raise LedgerError(
            f"{location} holds what is no file of a consent ledger, such as {min(others)}: expected .parquet and .csv, "
            "in small letters; put it elsewhere, or if it is neither, let its name begin with _ or . to be passed over"
        )


def _told(name: PurePosixPath) -> str:
    """A hidden file by its own name, another one by that of the folder that hides it as well."""
    return name.name if name.name.startswith(("_", ".")) else str(name)

"""The files of a table in a place that Arrow knows, each once. Spark is not asked."""

from collections.abc import Sequence
from pathlib import Path

from pyarrow import fs

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import CorpusError
from mh_batch.sources.local_files import LocalFiles
from mh_batch.sources.survey import BadFile
from mh_batch.sources.table_logs import check_folder, check_surroundings, is_hidden

_NAMED = 20


def files_at(location: str, seen: set[str]) -> list[str]:
    """Return the URIs of the file, or of a folder's files, that are not in `seen`, and put them there.

    What is hidden or unfinished in a folder is passed over; a file that was found before, by this name or another, too.

    Raises:
        CorpusError: there is nothing; it is, holds or lies in a table with a log; or something in it is no file.
    """
    folder = Folder.at(location)
    if not folder.exists():
        raise CorpusError(f"there is no such file or folder: {location}")
    check_surroundings(location)
    if not folder.is_local:
        return _files_elsewhere(location, folder, seen)
    walk = walk_here(location, seen)
    refuse(walk.bad)
    if not walk.files and not walk.passed:
        raise CorpusError(f"{location} holds no Parquet files")
    return walk.files


def walk_here(location: str, seen: set[str]) -> LocalFiles:
    """Return what a walk through a file or folder of this machine comes by.

    Raises:
        CorpusError: it is, holds or lies in a table with a log.
    """
    path = Folder.at(location).local_path()
    if (real := path.resolve()) != path:  # it may lie in a table by its other name
        check_surroundings(str(real))
    walk = LocalFiles(location, seen)
    walk.take(path)
    return walk


def refuse(bad: Sequence[BadFile]) -> None:
    """Raise CorpusError if there are bad files; it names them."""
    if bad:
        more = [f"{len(bad) - _NAMED:,} more"] if len(bad) > _NAMED else []
        raise CorpusError("\n  - ".join(["cannot be read as Parquet:", *map(str, bad[:_NAMED]), *more]))


def _files_elsewhere(location: str, folder: Folder, seen: set[str]) -> list[str]:
    file_system, path = file_system_of(folder.uri)
    if file_system.get_file_info(path).type == fs.FileType.File:
        found = [folder.uri]
    else:
        below = {file.uri: Path(file.uri.removeprefix(folder.uri).strip("/")) for file in folder.walk()}
        found = [uri for uri, name in below.items() if not any(map(is_hidden, name.parts))]
        for parent in {parent for uri in found for parent in below[uri].parents}:
            check_folder(location, folder / str(parent) if parent.name else folder)
    if not found:
        raise CorpusError(f"{location} holds no Parquet files")
    new = [uri for uri in found if uri not in seen]
    seen.update(new)
    return new

"""Files that an input names, each once.

On this machine by whichever links a file is reached, elsewhere as Arrow lists them; Spark is not asked.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from pyarrow import fs

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import CorpusError
from mh_batch.sources.survey import BadFile
from mh_batch.sources.table_logs import check_surroundings, is_hidden, may_be_table, refuse_logged_table

_BRACES = re.compile(r"(?<!\[)\{([^{}]*)\}")

DANGLING = "it is a link to what is not there"
NO_FILE = "it is neither a file nor a folder"
NO_NAME = "its name is no UTF-8: rename it"

# Bad files that a message names.
_NAMED = 20


def uri_of(path: Path) -> str:
    """The URI of a local file, in ASCII."""
    return f"file:{quote(os.fsencode(path))}"


def named_by(location: Path) -> list[Path]:
    """Return what a path names: the file or folder of this name or else, where it is a pattern, what matches."""
    if os.path.lexists(location):
        return [location]
    known = next(folder for folder in location.parents if folder.exists())
    pattern = location.relative_to(known)
    found = {path for one in _without_braces(_as_python_says(str(pattern))) for path in known.glob(one)}
    return sorted(path for path in found if not _matches_hidden(path.relative_to(known), pattern))


def _as_python_says(pattern: str) -> str:
    r"""Spark says `[^a]` and `\*`, and knows no `**`."""
    return re.sub(r"\\(.)", r"[\1]", pattern).replace("[^", "[!").replace("**", "*")


def _without_braces(pattern: str) -> list[str]:
    """Spark knows `{a,b}`, Python does not."""
    found = _BRACES.search(pattern)
    if found is None:
        return [pattern]
    choices = [f"{pattern[: found.start()]}{choice}{pattern[found.end() :]}" for choice in found[1].split(",")]
    return [expanded for choice in choices for expanded in _without_braces(choice)]


def _matches_hidden(path: Path, pattern: Path) -> bool:
    """Whether a pattern matches what is hidden without saying so."""
    pairs = zip(path.parts, pattern.parts, strict=True)
    return any(is_hidden(name) and not said.startswith(name[0]) for name, said in pairs)


@dataclass
class LocalFiles:
    """Walks through folders; what it has come by once, by this name or another, it passes over.

    Attributes:
        location: The input, for messages.
        seen: What has been come by, of this input and of those before.
        files: The URIs of the files.
        bad: What is none.
        hidden: Files and folders that its name keeps out.
        passed: Whether it came by something that had been seen.
    """

    location: str
    seen: set[str]
    files: list[str] = field(default_factory=list)
    bad: list[BadFile] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    passed: bool = False
    _links: list[Path] = field(default_factory=list)

    def take(self, path: Path) -> None:
        """Take a file, or the files of a folder and of those in it; what lies there itself comes before what links."""
        self._take(path)
        while self._links:
            self._take(self._links.pop(0))

    def _take(self, path: Path) -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            self._refuse(path, DANGLING)
            return
        except OSError as error:  # a link to itself, or what may not be looked into
            self._refuse(path, f"it cannot be looked at ({error.strerror})")
            return
        if stat.S_ISDIR(found.st_mode):
            self._walk(path)
        elif not stat.S_ISREG(found.st_mode):
            self._refuse(path, NO_FILE)
        elif self._is_new(path.resolve(), found):
            self._add(path)

    def _walk(self, top: Path) -> None:
        for folder, entries in self._folders(top):
            if may_be_table(folder.name, [entry.name for entry in entries]):
                refuse_logged_table(self.location, Folder(str(folder)))
            real = folder.resolve()
            for entry in entries:
                path = folder / entry.name
                if is_hidden(entry.name):
                    self.hidden.append(path)
                elif entry.is_symlink():
                    self._links.append(path)
                elif entry.is_file():
                    if self._is_new(real / entry.name, entry.stat()):
                        self._add(path)
                elif not entry.is_dir():
                    self._refuse(path, NO_FILE)

    def _folders(self, top: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
        """A folder and those below it that were not seen yet, links left out, each with its sorted entries."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            if not self._come_by(f"{folder.resolve()}/"):
                continue
            try:
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                raise CorpusError(f"{self.location} cannot be listed: {folder} ({error.strerror})") from None
            yield folder, entries
            below = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
            waiting += [folder / name for name in reversed(below) if not is_hidden(name)]

    def _is_new(self, real: Path, found: os.stat_result) -> bool:
        # A file with one name is known by it: not every file system gives each file a number of its own.
        identity = f"{found.st_dev} {found.st_ino}" if found.st_nlink > 1 else str(real)
        return self._come_by(identity)

    def _come_by(self, identity: str) -> bool:
        is_new = identity not in self.seen
        self.passed |= not is_new
        self.seen.add(identity)
        return is_new

    def _add(self, path: Path) -> None:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            self._refuse(path, NO_NAME)
        else:
            self.files.append(uri_of(path))

    def _refuse(self, path: Path, cause: str) -> None:
        self.bad.append(BadFile(uri_of(path), cause))


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
            refuse_logged_table(location, folder / str(parent) if parent.name else folder)
    if not found:
        raise CorpusError(f"{location} holds no Parquet files")
    new = [uri for uri in found if uri not in seen]
    seen.update(new)
    return new

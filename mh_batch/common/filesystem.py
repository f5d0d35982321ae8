"""Files of an output root, on any file system that Spark and Arrow both know: local, HDFS, S3, GCS, ABFS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pyarrow import fs

from mh_batch.errors import UsageError

# Names that Hadoop gives to the object stores that Arrow knows under another.
_ARROW_SCHEMES = {"s3a": "s3", "s3n": "s3", "abfss": "abfs"}

# A name with a colon in it, such as `2026-03-01T10:00`, is none.
_URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/")

# Of these Spark makes a pattern where it reads.
_GLOB_CHARACTERS = re.compile(r"[\[\]{}*?\\]")

# Where writers keep what they have not finished: Spark's tasks, and `Folder.write_bytes`.
_TEMPORARY, _DRAFT = "/_temporary/", ".draft"


def file_system_of(location: str) -> tuple[fs.FileSystem, str]:
    """Return the Arrow file system of a path or URI, and the path within it.

    Raises:
        UsageError: Arrow knows no such file system.
    """
    scheme, _, rest = location.partition(":")
    if not _URI.match(location):
        return fs.LocalFileSystem(), str(Path(location).absolute())
    if scheme == "file":
        return fs.LocalFileSystem(), unquote(urlsplit(location).path)
    try:
        file_system, path = fs.FileSystem.from_uri(f"{_ARROW_SCHEMES.get(scheme, scheme)}:{rest}")
    except (ValueError, OSError) as error:
        raise UsageError(f"{location} cannot be used as a location: {error}") from None
    return file_system, path


@dataclass(frozen=True)
class Folder:
    """A folder that Spark writes to by `spark_uri` and that we list, read and move by Arrow."""

    uri: str

    @property
    def name(self) -> str:
        """The last part of the location."""
        return self.uri.rstrip("/").rsplit("/", 1)[-1]

    @property
    def spark_uri(self) -> str:
        """The location for Spark, to which a bare path may mean the cluster's file system instead of this one."""
        return f"file://{self.uri}" if self.is_local else self.uri

    @property
    def spark_pattern(self) -> str:
        """The location for Spark to read from: there it takes a name for a pattern, brackets and all."""
        return _GLOB_CHARACTERS.sub(r"\\\g<0>", self.spark_uri)

    @property
    def parent(self) -> Folder:
        """The folder that this entry is in."""
        return Folder(self.uri.rstrip("/").rsplit("/", 1)[0])

    def __truediv__(self, name: str) -> Folder:
        """Return the entry of that name in this folder."""
        return Folder(f"{self.uri.rstrip('/')}/{name}")

    @classmethod
    def at(cls, location: str) -> Folder:
        """Return the folder at a path or URI; local paths become absolute, so that executors see the same one."""
        file_system, path = file_system_of(location)
        return cls(path if isinstance(file_system, fs.LocalFileSystem) else location)

    @property
    def is_local(self) -> bool:
        """Whether the folder lies on this machine's file system."""
        return isinstance(file_system_of(self.uri)[0], fs.LocalFileSystem)

    def local_path(self) -> Path:
        """The folder as a path of this machine; UsageError if it lies elsewhere."""
        if not self.is_local:
            raise UsageError(f"{self.uri} is not on this machine's file system")
        return Path(file_system_of(self.uri)[1])

    def exists(self) -> bool:
        """Whether there is a file or folder of this name."""
        file_system, path = file_system_of(self.uri)
        return bool(file_system.get_file_info(path).type != fs.FileType.NotFound)

    def names(self) -> list[str]:
        """The sorted names of the entries in this folder; none if it does not exist."""
        file_system, path = file_system_of(self.uri)
        entries = file_system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return sorted(entry.base_name for entry in entries)

    def files(self, suffix: str, unfinished: bool = False) -> list[fs.FileInfo]:
        """The files of that suffix in this folder and those below; what is still being written only if asked for."""
        file_system, path = file_system_of(self.uri)
        entries = file_system.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=True))
        wanted = [entry for entry in entries if unfinished or not _is_unfinished(entry.path)]
        return [entry for entry in wanted if entry.type == fs.FileType.File and entry.path.endswith(suffix)]

    def walk(self, suffix: str = "", unfinished: bool = False) -> list[Folder]:
        """The same files, each by its own location, sorted."""
        _, base = file_system_of(self.uri)
        names = sorted(file.path[len(base) :].strip("/") for file in self.files(suffix, unfinished))
        return [self / name for name in names]

    def modified(self) -> float:
        """Time of the last write to the file, in seconds since 1970; 0 if there is none."""
        file_system, path = file_system_of(self.uri)
        return float((file_system.get_file_info(path).mtime_ns or 0) / 1e9)

    def delete(self) -> None:
        """Delete the file, or the folder and what it holds, if it exists; others may be deleting it too."""
        file_system, path = file_system_of(self.uri)
        while (kind := file_system.get_file_info(path).type) != fs.FileType.NotFound:
            with suppress(FileNotFoundError):
                if kind == fs.FileType.File:
                    file_system.delete_file(path)
                else:
                    file_system.delete_dir(path)

    def move_to(self, target: Folder) -> None:
        """Move this folder; the target's parent is made if need be."""
        file_system, path = file_system_of(self.uri)
        _, target_path = file_system_of(target.uri)
        if self.is_local:
            file_system.create_dir(target_path.rsplit("/", 1)[0], recursive=True)
            file_system.move(path, target_path)
        else:  # object stores have no folders to rename
            fs.copy_files(path, target_path, source_filesystem=file_system, destination_filesystem=file_system)
            file_system.delete_dir(path)

    def write_bytes(self, content: bytes) -> None:
        """Write a file whole: on a local disk it appears under its name only when it is complete."""
        file_system, path = file_system_of(self.uri)
        file_system.create_dir(path.rsplit("/", 1)[0], recursive=True)
        draft = f"{path}{_DRAFT}" if self.is_local else path
        with file_system.open_output_stream(draft) as stream:
            stream.write(content)
        if draft != path:
            file_system.move(draft, path)

    def read_bytes(self) -> bytes:
        """Return a file's content; FileNotFoundError if there is none."""
        file_system, path = file_system_of(self.uri)
        with file_system.open_input_stream(path) as stream:
            content: bytes = stream.read()
        return content

    @contextmanager
    def opened_for_writing(self) -> Iterator[fs.NativeFile]:
        """Open a file to be written, in a folder that is made if need be; others see it unfinished."""
        file_system, path = file_system_of(self.uri)
        file_system.create_dir(path.rsplit("/", 1)[0], recursive=True)
        with file_system.open_output_stream(path) as stream:
            yield stream

    def replace(self, target: Folder) -> None:
        """Put this file in the place of another one; on a local disk and in object stores that is one step."""
        file_system, path = file_system_of(self.uri)
        _, target_path = file_system_of(target.uri)
        if self.is_local:
            file_system.move(path, target_path)
        else:
            fs.copy_files(path, target_path, source_filesystem=file_system, destination_filesystem=file_system)
            file_system.delete_file(path)

    def write_json(self, content: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Write a JSON file."""
        self.write_bytes((json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n").encode())

    def read_json(self) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """Return a JSON file's content; FileNotFoundError if there is none."""
        return json.loads(self.read_bytes())


def _is_unfinished(path: str) -> bool:
    return _TEMPORARY in path or path.endswith(_DRAFT)

"""The files that an input names, on any file system."""

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.corpus.corpus import as_rows_say
from mh_batch.errors import CorpusError
from mh_batch.sources import BadFile, Input
from mh_batch.sources.file_listing import LocalFiles, named_by, uri_of
from mh_batch.sources.inputs import PARQUET
from mh_batch.sources.table_logs import check_surroundings, is_hidden, refuse_logged_table

# Where a streaming job of Spark writes which files are whole.
_STREAM_LOG = "_spark_metadata"

_URI = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/+")


@dataclass(frozen=True)
class Listing:
    """The files that an input names.

    Attributes:
        is_local: Whether it lies on this machine's file system.
        files: Its files, each of them new.
        bad: What lies there and is no file to read.
        tops: The files, folders and globs that it was found by, for Spark.
        is_complete: Whether each file is named, and none is to be looked for.
    """

    is_local: bool
    files: Sequence[str]
    bad: Sequence[BadFile]
    tops: Sequence[str]
    is_complete: bool = False


def list_input(spark: SparkSession, named: Input, seen: set[str]) -> Listing:
    """List the files of an input that are not in `seen`, and put them there.

    Args:
        spark: The session.
        named: The input.
        seen: Locations that are listed already.

    Raises:
        CorpusError: there is none, or what it names is a table with a log of its own.
    """
    local = _local_path(spark, named.location)
    return _list_elsewhere(spark, named, seen) if local is None else _list_here(spark, named, local, seen)


def listed_by_spark(spark: SparkSession, location: str, format: str = "Parquet") -> list[str]:
    """Return the URIs of the files that Spark finds in a place.

    Args:
        spark: The session.
        location: File, folder or pattern.
        format: What it is to be read as, for the message.

    Raises:
        CorpusError: it finds no such place.
    """
    try:
        # With a schema of our own Spark lists the files and opens none.
        reader = spark.read.option("recursiveFileLookup", "true").schema("text string")
        return list(map(as_rows_say, reader.parquet(location).inputFiles()))
    except (PySparkException, Py4JError) as error:
        cause = "there is no such file or folder" if "PATH_NOT_FOUND" in str(error) else "it cannot be listed"
        raise CorpusError(f"{location} cannot be read as {format}: {cause}") from None


def _said(named: Input) -> str:
    return "Parquet" if named.format == PARQUET else named.format.upper()


def _local_path(spark: SparkSession, location: str) -> Path | None:
    """The path of a location on this machine; None for one elsewhere, as a bare path may be on a cluster."""
    found = _URI.match(location)
    if found is None:
        hadoop: Any = spark._jvm
        default = hadoop.org.apache.hadoop.fs.FileSystem.getDefaultUri(spark._jsc.hadoopConfiguration())
        return Path(location).absolute() if default.getScheme() == "file" else None
    if found[1].lower() != "file":
        return None
    path = Path("/", location[found.end() :])
    return path if path.exists() else Path(unquote(str(path)))


def _list_here(spark: SparkSession, named: Input, path: Path, seen: set[str]) -> Listing:
    location = named.location
    tops, walk = named_by(path), LocalFiles(location, seen)
    if not tops:
        raise CorpusError(f"{named.given} cannot be read as {_said(named)}: there is no such file or folder")
    for folder in dict.fromkeys(top if top.is_dir() else top.parent for top in tops):
        check_surroundings(location if folder == path else str(folder))
    for top in tops:
        if is_hidden(top.name) and not top.is_dir():
            raise CorpusError(f"{location} cannot be read: Spark passes over a file with such a name, rename it")
        if (top / _STREAM_LOG).is_dir():
            for uri in listed_by_spark(spark, top.as_posix()):
                walk.take(Path(unquote(uri).removeprefix("file:")))
        else:
            walk.take(top)
    if not (walk.files or walk.bad or walk.passed):
        raise CorpusError(f"{named.given} cannot be read as {_said(named)}: it holds no {_said(named)} file")
    _check_locale(spark, location, [*walk.files, *map(uri_of, tops)])
    return Listing(True, walk.files, walk.bad, list(map(str, tops)))


def _check_locale(spark: SparkSession, location: str, uris: Iterable[str]) -> None:
    """Check that Spark's JVM can name the files: in the locale C it knows no letter but those of ASCII."""
    names = "".join(set().union(*map(unquote, uris)))
    if names.isascii():
        return
    jvm: Any = spark._jvm
    encoding = str(jvm.java.lang.System.getProperty("sun.jnu.encoding"))
    try:
        codecs.encode(names, encoding)
    except (UnicodeEncodeError, LookupError):
        raise CorpusError(
            f"{location} has names with letters that Spark cannot tell in this locale ({encoding}): set LC_ALL=C.UTF-8 "
            "or another locale of UTF-8 for the driver and the executors, or rename the files"
        ) from None


def _list_elsewhere(spark: SparkSession, named: Input, seen: set[str]) -> Listing:
    location = named.location
    check_surroundings(location)
    found = listed_by_spark(spark, location, _said(named))
    if not found:
        raise CorpusError(f"{named.given} cannot be read as {_said(named)}: it holds no {_said(named)} file")
    files = [uri for uri in found if not is_hidden(unquote(uri).rsplit("/", 1)[-1]) and unquote(uri) not in seen]
    seen.update(map(unquote, files))
    for folder in {folder for uri in files for folder in _folders_of(uri)}:
        refuse_logged_table(location, Folder(folder))
    return Listing(False, files, [], [location])


def _folders_of(uri: str) -> Iterable[str]:
    """The folders that a file lies in, but for those of partitions: no table begins there."""
    parts = uri.split("/")
    return ["/".join(parts[:end]) for end in range(4, len(parts)) if "=" not in parts[end - 1]]

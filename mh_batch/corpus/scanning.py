"""Parquet files as Spark reads them: just the columns that are asked for, and whose row is where."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, DataFrameReader, SparkSession, functions as F, types as T

from mh_batch.common.filesystem import Folder
from mh_batch.corpus.corpus import as_rows_say
from mh_batch.corpus.listing import Listing
from mh_batch.errors import CorpusChangedError

PATH, ROW = "__file_path", "source_row"

# Of Hadoop's file systems for `file:` this one does without `.crc` files beside the others, which tools that know
# nothing of them leave behind stale, and for whose names a colon is too much.
LOCAL_FILES = {
    "fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "fs.file.impl.disable.cache": "true",
}
_OPTIONS = {
    # Spark's own reading of folders' names passes over the files that lie beside such folders.
    "recursiveFileLookup": "true",
    # A checksum, where a file has one, tells damage from text.
    "parquet.page.verify-checksum.enabled": "true",
}
_SETTINGS = {
    # Columns of a file may differ by case, as may those that it has besides.
    "spark.sql.caseSensitive": "true",
    # The files on this machine are named one by one: to look them up takes no job.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": str(2**31 - 1),
}

_PATTERN = re.compile(r"[\[\]{}*?\\]")


def reading_session(spark: SparkSession) -> SparkSession:
    """Return a session with the settings of this one, but for those by which tables of others are read."""
    session = spark.newSession()
    for name, value in {**spark.conf.getAll, **_SETTINGS}.items():
        if name.startswith("spark.sql.") and session.conf.isModifiable(name):
            session.conf.set(name, value)
    return session


def lacking_codecs(spark: SparkSession, names: Iterable[str]) -> set[str]:
    """Return those of Parquet's codecs for which this Spark has no code."""
    jvm: Any = spark._jvm
    known = jvm.org.apache.parquet.hadoop.metadata.CompressionCodecName
    lacking = set()
    for name in names:
        needed = known.valueOf(name).getHadoopCompressionCodecClassName()
        if needed is not None and spark._jsc.hadoopConfiguration().getClassByNameOrNull(needed) is None:
            lacking.add(name)
    return lacking


def scan_parquet(
    session: SparkSession, listing: Listing, locations: Collection[str], columns: Mapping[str, T.StructField]
) -> tuple[DataFrame, Mapping[str, str]]:
    """Return the rows of files, and by which names rows say what file they are of.

    Args:
        session: The one that `reading_session` returns.
        listing: What the input names.
        locations: The files to be read, of those.
        columns: What they are to be called, and their names and types in the files.

    Returns:
        The columns, `PATH` and `ROW`; the values of `PATH` by the files' locations.

    Raises:
        CorpusChangedError: a file is gone.
    """
    schema = T.StructType(list({field.name: field for field in columns.values()}.values()))
    reader = session.read.options(**_OPTIONS, **(LOCAL_FILES if listing.is_local else {})).schema(schema)
    frames: list[DataFrame] = []
    paths: dict[str, str] = {}
    for files, wanted in _open(reader, listing, locations):
        metadata = files.metadataColumn("_metadata")  # which a column of that name does not hide
        own = [F.col(_quoted(field.name)).alias(name) for name, field in columns.items()]
        located = files.select(*own, metadata["file_path"].alias(PATH), metadata["row_index"].alias(ROW))
        listed = {unquote(uri): uri for uri in map(as_rows_say, files.inputFiles())}
        found = {location: listed[location] for location in wanted if location in listed}
        frames.append(located if len(found) == len(listed) else located.where(F.col(PATH).isin([*found.values()])))
        paths |= found
    gone = next((location for location in locations if location not in paths), None)
    if gone is not None:
        raise CorpusChangedError(f"{_path(gone)} vanished while the files were being listed: start again")
    return reduce(DataFrame.union, frames), paths


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _open(
    reader: DataFrameReader, listing: Listing, locations: Collection[str]
) -> Iterator[tuple[DataFrame, Collection[str]]]:
    """Files for Spark, which may be more than those that are wanted of them."""
    if not (listing.is_local or listing.is_complete):
        yield _existing(reader, listing.tops), locations
    elif not any(":" in path and _PATTERN.search(path) for path in map(_path, locations)):
        yield _existing(reader, [Folder(_path(location)).spark_pattern for location in locations]), locations
    else:  # Spark takes such a name neither as a pattern nor for itself, but finds the file from above
        reader = reader.option("__globPaths__", "false")
        for top in listing.tops:
            below = [path for path in locations if _path(path) == top or _path(path).startswith(f"{top.rstrip('/')}/")]
            if below:
                yield _existing(reader, [Folder(top).spark_uri]), below


def _path(location: str) -> str:
    return location.removeprefix("file:")


def _existing(reader: DataFrameReader, names: Sequence[str]) -> DataFrame:
    try:
        return reader.parquet(*names)
    except AnalysisException as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
        raise CorpusChangedError("a file vanished while the files were being listed: start again") from None

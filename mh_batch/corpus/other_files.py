"""Files other than Parquet (CSV, JSON Lines, ORC, Avro): what columns they have, and their rows as Spark reads them.

Their rows have no position that two reads agree on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from urllib.parse import unquote

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession, functions as F, types as T

from mh_batch.common.filesystem import Folder
from mh_batch.corpus.corpus import as_rows_say, failed_file, location_of
from mh_batch.corpus.csv_headers import WORDS, position, read_csv_header
from mh_batch.corpus.grouping import Group
from mh_batch.corpus.reasons import RejectionReason
from mh_batch.corpus.scanning import LOCAL_FILES, PATH
from mh_batch.errors import CorpusError
from mh_batch.sources import BadFile, Input, SoundFile
from mh_batch.sources.inputs import CSV, JSON
from mh_batch.sources.kinds import Kind
from mh_batch.sources.spark_types import kind_of
from mh_batch.sources.survey import VANISHED

# What is wrong with a row, as a reason to reject it.
MALFORMED = "__malformed"

# Where Spark puts a record that it cannot take apart, and the line that it is read from.
_RECORD, _LINE = "__record", "__line"

# Options by which a JSON file is something else than lines in UTF-8.
_OTHER_LINES = {"multiline", "encoding", "charset", "linesep"}

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # of the byte order, with which some files begin

_OPTIONS: Mapping[str, Mapping[str, str]] = {
    # As RFC 4180 has it: quotes are doubled, and may hold line breaks. Texts have no longest length. Lines end in LF,
    # with a CR before it or not: left to itself Spark goes by the first line, and takes what ends otherwise for no end.
    CSV: {"multiLine": "true", "escape": '"', "maxCharsPerColumn": "-1", "lineSep": "\n"},
    # An id of digits is read as it stands there.
    JSON: {"primitivesAsString": "true"},
    "orc": {"mergeSchema": "true"},
}

# Spark has the code, but without a library of Hadoop's it does not run, and that fails with every row.
_ZSTANDARD = "it is compressed by Zstandard, which Spark reads inside Parquet only: write it with gzip"

# Whatever options were given: columns are known by their names, and malformed records by this one.
_OURS: Mapping[str, str] = {"header": "true", "columnNameOfCorruptRecord": _RECORD}

_REPLACED = "\N{REPLACEMENT CHARACTER}"


def look_at(
    session: SparkSession, named: Input, files: Sequence[str], lists: Collection[str]
) -> list[SoundFile | BadFile]:
    """Say what columns the files have; how many rows, only reading them tells.

    Args:
        session: The one that `reading_session` returns.
        named: The input.
        files: Their URIs.
        lists: Names of columns that hold a list.
    """
    bad = {unquote(uri): BadFile(uri, _ZSTANDARD) for uri in files if uri.lower().endswith((".zst", ".zstd"))}
    if named.format == CSV:
        good = [uri for uri in files if unquote(uri) not in bad]
        return [*[read_csv_header(uri, named, lists) for uri in good], *bad.values()]
    while good := [uri for uri in files if unquote(uri) not in bad]:
        schema = _schema(session, named, good)
        if isinstance(schema, T.StructType):
            kinds = {field.name: kind_of(field.dataType) for field in schema.fields if field.name != _RECORD}
            return [_of_schema(uri, kinds) for uri in good] + list(bad.values())
        bad[schema.location] = schema
    return list(bad.values())


def scan_other_files(session: SparkSession, named: Input, group: Group) -> tuple[DataFrame, Mapping[str, str]]:
    """Return the rows of files with the same columns, and by which names rows say what file they are of.

    Args:
        session: The one that `reading_session` returns.
        named: The input.
        group: Its files with the same columns.

    Returns:
        The group's columns, `MALFORMED` and `PATH`; the values of `PATH` by the files' locations.
    """
    frames: list[DataFrame] = []
    paths: dict[str, str] = {}
    for schema, uris in _to_read(named, group):
        if _is_lines(named):
            files, rows = _json_lines(session, named, schema, uris)
        else:
            files = _reader(session, named).schema(schema).load(_names(uris))
            rows = files.withColumn(PATH, files.metadataColumn("_metadata")["file_path"])
        last = schema.names[-2] if named.format == CSV else None
        own = [_value(field, group.kinds[name], last).alias(name) for name, field in group.in_files.items()]
        frames.append(rows.select(*own, _malformed(named, group), PATH))
        paths |= {unquote(uri): uri for uri in map(as_rows_say, files.inputFiles())}
    return reduce(DataFrame.union, frames), paths


def _is_lines(named: Input) -> bool:
    """Whether the files hold one JSON object a line, in UTF-8."""
    return named.format == JSON and {"multiLine", "multiline", "encoding", "charset", "lineSep"}.isdisjoint(
        named.options
    )


def _json_lines(
    session: SparkSession, named: Input, schema: T.StructType, uris: Sequence[str]
) -> tuple[DataFrame, DataFrame]:
    """Read lines, and one object of each: Spark's own reader drops whatever follows the first without a word.

    Returns:
        The lines; and the columns of the schema, `_RECORD` being the line that is no object of its own, and `PATH`.
    """
    local = LOCAL_FILES if Folder.at(named.location).is_local else {}
    lines = session.read.format("text").options(recursiveFileLookup="true", **local).load(_names(uris))
    path = lines.metadataColumn("_metadata")["file_path"].alias(PATH)
    value = F.when(F.col("value").startswith(_MARK), F.substring("value", 2, 2**31 - 1)).otherwise(F.col("value"))
    written = lines.select(value.alias(_LINE), path).where(F.trim(_LINE) != "")
    options = {**named.options, **_OURS}
    # What is no number in JSON, and is written by Python for one, does not make two values of a line.
    plain = F.regexp_replace(_LINE, r":\s*-?(NaN|Infinity)", ":null")
    values = F.json_array_length(F.concat(F.lit("["), plain, F.lit("]")))
    parsed = written.select(F.from_json(_LINE, schema, options).alias("__object"), _LINE, PATH)
    record = F.when(F.coalesce(values, F.lit(0)) != 1, F.col(_LINE)).otherwise(F.col(f"__object.{_RECORD}"))
    fields = [F.col(f"__object.{_quoted(field.name)}").alias(field.name) for field in schema.fields[:-1]]
    return lines, parsed.select(*fields, record.alias(_RECORD), PATH)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _reader(session: SparkSession, named: Input) -> DataFrameReader:
    options = {**_OPTIONS.get(named.format, {}), "recursiveFileLookup": "true"}
    local = LOCAL_FILES if Folder.at(named.location).is_local else {}
    return session.read.format(named.format).options(**{**options, **local, **named.options, **_OURS})


def _names(uris: Sequence[str]) -> list[str]:
    return [Folder(unquote(uri).removeprefix("file:")).spark_pattern for uri in uris]


def _schema(session: SparkSession, named: Input, files: Sequence[str]) -> T.StructType | BadFile:
    try:
        return _reader(session, named).load(_names(files)).schema
    except (PySparkException, Py4JError) as error:
        uri, vanished = failed_file(error) or ("", False)
        found = next((file for file in files if unquote(file) == location_of(uri)), None)
        if found is None and len(files) == 1:
            found = files[0]
        if "DATA_SOURCE_NOT_FOUND" in str(error) or "Failed to find" in str(error):
            raise CorpusError(
                f"{named.given}: Spark has no code for the format '{named.format}'; name its package when you start it "
                "(spark-submit --packages ...)"
            ) from None
        if found is None:
            raise CorpusError(
                f"{named.given} cannot be read as {named.format}: Spark does not say which file"
            ) from None
        return BadFile(found, VANISHED if vanished else f"it is damaged or no {named.format.upper()} file")


def _of_schema(uri: str, kinds: Mapping[str, Kind]) -> SoundFile:
    return SoundFile.without_footer(uri, tuple(kinds), kinds, {name: name for name in kinds})


def _to_read(named: Input, group: Group) -> Iterator[tuple[T.StructType, list[str]]]:
    """The files of a group, and as what Spark reads them."""
    record = T.StructField(_RECORD, T.StringType())
    if named.format != CSV:
        fields = {field.name: field for field in group.in_files.values()}
        schema = T.StructType([*fields.values(), *([record] if named.format == JSON else [])])
        yield schema, [file.uri for file in group.files]
        return
    # By position: Spark would take the first file's names for all.
    for width in sorted({len(file.names) for file in group.files}):
        columns = [T.StructField(position(number), T.StringType()) for number in range(width)]
        yield T.StructType([*columns, record]), [file.uri for file in group.files if len(file.names) == width]


def _value(field: T.StructField, kind: Kind, last: str | None) -> Column:
    value = F.col(_quoted(field.name))
    if field.name == last:
        # A CR before the LF that a line ends in counts to its last value, for Spark.
        value = F.regexp_replace(value, r"\r\z", "")
    if kind == WORDS:
        return F.when(value.isNotNull(), F.filter(F.split(value, r"[^\p{L}\p{N}_]+"), lambda word: word != ""))
    return value


def _malformed(named: Input, group: Group) -> Column:
    """The reason why a row cannot be trusted: no record, or letters that were none in the file's encoding."""
    rules = []
    if named.format in (CSV, JSON):
        rules.append((F.col(_RECORD).isNotNull(), RejectionReason.MALFORMED_RECORD))
    text = group.in_files.get("text")
    if named.format == CSV and text is not None:
        rules.append((F.col(_quoted(text.name)).contains(_REPLACED), RejectionReason.UNDECODABLE_TEXT))
    none = F.lit(None).cast("string")
    return F.coalesce(*[F.when(broken, F.lit(reason.value)) for broken, reason in rules], none).alias(MALFORMED)

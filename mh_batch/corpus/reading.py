"""Parquet in, document columns out."""

import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from urllib.parse import unquote

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from mh_batch.corpus.columns import as_contract, bad_date, kept_out
from mh_batch.corpus.survey import DAMAGED, VANISHED, BadFile, SoundFile, survey
from mh_batch.errors import ConsentError, CorpusError, nearest
from mh_batch.validation import load_contract

_TEXTUAL = (T.StringType, T.BinaryType)
_IDENTIFYING = (T.StringType, T.IntegerType, T.LongType)
_DATED = (T.TimestampType, T.TimestampNTZType, T.DateType, T.StringType)
_ACCEPTED: dict[str, tuple[type[T.DataType], ...]] = {
    "doc_id": _IDENTIFYING,
    "text": _TEXTUAL,
    "author_id": _IDENTIFYING,
    "created_at": _DATED,
    "consent": (T.ArrayType,),
}

_GLOB_CHARACTERS = re.compile(r"[\[\]{}*?\\]")
_NAMED = 20

# Rows of one file lie below this: a place is one number for file and row, cheap to compare, to group and to join by.
_ROW_BITS = 36

# Columns of the table of files, with names that no corpus has.
_PATH, _NAME, _NUMBER, _FOLDER = "__file_path", "__file_name", "__file_number", "__folder_"

# What Spark says of a file that it fails on, with the file's name.
_FAILED_FILE = re.compile(r"FAILED_READ_FILE\.(\w+)\].*?reading file '?(\S+?)'?\.?(?:\s|$)")


@dataclass(frozen=True)
class Corpus:
    """Documents to be, and the files that hold them.

    Attributes:
        documents: One row per input row, unread as yet: the contract's columns, `bad_date`, `kept_out` (the
            `ConsentRule` by which its own consent keeps it out, or null), `source_file`, `source_row` (position in its
            file) and `place` (file and row as one number, in the files' order).
        rows: How many they are, by the files' own account.
        files: The files that are read, as Spark names them.
        bad_files: The files that are left out.
    """

    documents: DataFrame
    rows: int
    files: Sequence[str]
    bad_files: Sequence[BadFile] = ()

    def unreadable_file(self, error: Exception) -> BadFile | None:
        """Return the file of this corpus that Spark failed on, if that is what `error` says."""
        found = _FAILED_FILE.search(str(error))
        uri = _as_rows_say(found[2]) if found else ""
        if found is None or uri not in self.files:
            return None
        return BadFile(uri, VANISHED if found[1] == "FILE_NOT_EXIST" else DAMAGED)


@dataclass(frozen=True)
class _Group:
    """Files of one input with the same columns.

    Attributes:
        path: The input.
        files: The files.
        whole: Whether the input has no others.
        schema: The columns in the files that a document may have.
    """

    path: str
    files: Sequence[SoundFile]
    whole: bool
    schema: T.StructType

    @property
    def types(self) -> dict[str, T.DataType]:
        """The columns' types; what the folders' names say is text."""
        named = dict.fromkeys(self.files[0].folders, T.StringType())
        return named | {field.name: field.dataType for field in self.schema}

    def names(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Contract name to the files' own name, for the columns that they have."""
        return {column: name for column, name in _own_names(columns).items() if name in self.types}


def read_corpus(
    spark: SparkSession,
    inputs: Iterable[str],
    columns: Mapping[str, str],
    consent_basis: str | None,
    max_bad_files: int = 0,
    bad_files: Sequence[BadFile] = (),
) -> Corpus:
    """Read the inputs and map them to the columns of the document contract.

    Files may differ in their columns; each is read by its own. A column may also stand in the names of the folders
    (`region=North/`). A file that two inputs name is read once.

    Args:
        spark: The session.
        inputs: Parquet files, folders or globs, on any file system that Spark and Arrow read.
        columns: Contract name to the corpus' own name, where they differ.
        consent_basis: What says that texts may be used which carry no consent: the ground, or the consent ledger.
        max_bad_files: Files that cannot be read, or lack a needed column, are left out as long as they are no more.
        bad_files: Files known to be bad.

    Raises:
        CorpusError: an input is missing, too many files are bad, or a column is missing in all of an input.
        ConsentError: an input has no consent column and `consent_basis` is None.
    """
    bad = {file.uri: file for file in bad_files}
    listed: set[str] = set()
    inputs_groups: list[list[_Group]] = []
    for path in inputs:
        files = _list_files(spark, path)
        groups, misfits = _groups(spark, path, files, listed | bad.keys(), columns)
        listed.update(files)
        bad |= {file.uri: file for file in misfits}
        _check_columns(path, groups, columns, consent_basis)
        inputs_groups.append(groups)
    _check_bad(list(bad.values()), len(listed | bad.keys()), max_bad_files)
    numbers = {uri: number for number, uri in enumerate(sorted(listed - bad.keys()))}
    frames = [
        _documents(spark, group, columns, any("consent" in other.names(columns) for other in groups), numbers)
        for groups in inputs_groups
        for group in groups
    ]
    rows = sum(file.rows for groups in inputs_groups for group in groups for file in group.files)
    return Corpus(reduce(DataFrame.unionByName, frames), rows, tuple(numbers), tuple(bad.values()))


def _list_files(spark: SparkSession, path: str) -> list[str]:
    try:
        # With a schema of our own Spark lists the files and opens none.
        files = _reader(spark).schema("text string").parquet(path).inputFiles()
    except (PySparkException, Py4JError) as error:
        cause = "there is no such file or folder" if "PATH_NOT_FOUND" in str(error) else "it cannot be listed"
        raise CorpusError(f"{path} cannot be read as Parquet: {cause}") from None
    if not files:
        raise CorpusError(f"{path} cannot be read as Parquet: it holds no Parquet file")
    return list(map(_as_rows_say, files))


def _as_rows_say(uri: str) -> str:
    """Spark names a local file differently when it lists it and when it reads it."""
    return re.sub("^file:/+", "file:/", uri)


def _reader(spark: SparkSession) -> DataFrameReader:
    return (
        spark.read
        # Spark's own reading of folders' names passes over the files that lie beside such folders.
        .option("recursiveFileLookup", "true")
        # A checksum, where a file has one, tells damage from text.
        .option("parquet.page.verify-checksum.enabled", "true")
    )


def _groups(
    spark: SparkSession, path: str, files: Sequence[str], without: Container[str], columns: Mapping[str, str]
) -> tuple[list[_Group], list[BadFile]]:
    """Put files together that have the same columns; one file's columns do not stand for another's."""
    names = _own_names(columns).values()
    misfits: list[BadFile] = []
    alike: dict[tuple[tuple[str, str], ...], list[SoundFile]] = {}
    for file in survey([uri for uri in files if uri not in without]):
        if isinstance(file, BadFile):
            misfits.append(file)
        else:
            alike.setdefault(file.types(names), []).append(file)
    groups = []
    for members in alike.values():
        group = _Group(path, members, len(members) == len(files), _schema(spark, members[0], names))
        problem = _misfit(group, columns)
        if problem is None:
            groups.append(group)
        else:
            misfits += [BadFile(file.uri, problem) for file in members]
    return groups, misfits


def _schema(spark: SparkSession, file: SoundFile, names: Collection[str]) -> T.StructType:
    """The columns of a file that a document may have, as Spark reads them."""
    name = _GLOB_CHARACTERS.sub(r"\\\g<0>", unquote(file.uri))
    return T.StructType([field for field in _reader(spark).parquet(name).schema if field.name in names])


def _own_names(columns: Mapping[str, str]) -> dict[str, str]:
    return {column.name: columns.get(column.name, column.name) for column in load_contract("documents").columns}


def _misfit(group: _Group, columns: Mapping[str, str]) -> str | None:
    """What keeps files from being read as documents."""
    names = group.names(columns)
    for column in load_contract("documents").columns:
        if column.name in names:
            problem = _wrong_type(group, column.name, names[column.name])
            if problem:
                return problem
        elif not column.optional:
            return _missing(column.name, columns, group)
    return None


def _missing(column: str, columns: Mapping[str, str], group: _Group) -> str:
    name, known = columns.get(column, column), [*group.files[0].schema.names, *group.files[0].folders]
    if column in columns:
        return f"it has no column '{name}', given for '{column}': {nearest(name, known)}"
    return f"it has no column '{name}': {nearest(name, known)}; map it with --columns {column}=NAME"


def _wrong_type(group: _Group, column: str, name: str) -> str | None:
    found = group.types[name]
    if isinstance(found, T.ArrayType) and not isinstance(found.elementType, T.StringType):
        return f"column '{name}' ({column}) is {found.simpleString()}, expected array<string>"
    if isinstance(found, _ACCEPTED.get(column, _IDENTIFYING)):
        return None
    if column == "created_at" and isinstance(found, T.LongType) and _holds_nanoseconds(group, name):
        return None
    wanted = " or ".join(kind.typeName() for kind in _ACCEPTED.get(column, _IDENTIFYING))
    return f"column '{name}' ({column}) is {found.simpleString()}, expected {wanted}"


def _holds_nanoseconds(group: _Group, name: str) -> bool:
    """Pandas writes timestamps in nanoseconds, which Spark knows only as integers: the file itself tells them apart."""
    return bool(pa.types.is_timestamp(group.files[0].schema.field(name).type))


def _check_columns(path: str, groups: Sequence[_Group], columns: Mapping[str, str], consent_basis: str | None) -> None:
    """Raise unless some file has each column that was named, and something says that the texts may be used."""
    if not groups:
        return
    present = {name for group in groups for name in group.names(columns)}
    for column in columns:
        if column not in present:
            raise CorpusError(f"{path}: {_missing(column, columns, groups[0])}")
    if "consent" not in present and consent_basis is None:
        raise ConsentError(
            f"{path} has no 'consent' column, so nothing says that its texts may be used. "
            "Map one with --columns consent=NAME, name a consent ledger with --consent, "
            'or state the ground with --consent-basis "..."'
        )


def _check_bad(bad: Sequence[BadFile], files: int, allowed: int) -> None:
    if len(bad) <= allowed and len(bad) < files:
        return
    named = "".join(f"\n  - {file}" for file in bad[:_NAMED]) + ("\n  - ..." if len(bad) > _NAMED else "")
    hint = "" if len(bad) >= files else f"\n--max-bad-files {len(bad)} would leave them out"
    raise CorpusError(f"{len(bad):,} of {files:,} files cannot be used:{named}{hint}")


def _documents(
    spark: SparkSession, group: _Group, columns: Mapping[str, str], has_consent: bool, numbers: Mapping[str, int]
) -> DataFrame:
    """The documents of a group. A row of a file without a number would be lost, which the books would tell."""
    frame = _reader(spark).schema(group.schema).parquet(group.path)
    if not group.whole:
        frame = frame.where(F.col("_metadata.file_path").isin([file.uri for file in group.files]))
    located = frame.select(
        "*", F.col("_metadata.file_path").alias(_PATH), F.col("_metadata.row_index").alias("source_row")
    )
    numbered = located.join(F.broadcast(spark.createDataFrame(_files_table(group, numbers))), _PATH)
    in_files = {field.name for field in group.schema}
    names = {column: name if name in in_files else _FOLDER + name for column, name in group.names(columns).items()}
    types = group.types | {_FOLDER + name: T.StringType() for name in group.files[0].folders}
    return numbered.select(
        *[as_contract(column, names, types).alias(column.name) for column in load_contract("documents").columns],
        bad_date(names, types).alias("bad_date"),
        (kept_out(names) if has_consent else F.lit(None).cast("string")).alias("kept_out"),
        F.col(_NAME).alias("source_file"),
        "source_row",
        F.shiftleft(_NUMBER, _ROW_BITS).bitwiseOR(F.col("source_row")).alias("place"),
    )


def _files_table(group: _Group, numbers: Mapping[str, int]) -> pa.Table:
    files = group.files
    columns = {
        _PATH: [file.uri for file in files],
        _NAME: [unquote(file.uri.rsplit("/", 1)[-1]) for file in files],
        _NUMBER: pa.array([numbers[file.uri] for file in files], pa.int64()),
    }
    folders = {
        _FOLDER + name: pa.array([file.folders[name] for file in files], pa.string()) for name in files[0].folders
    }
    return pa.table(columns | folders)

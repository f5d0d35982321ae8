"""Parquet in, document columns out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from urllib.parse import unquote

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from mh_batch.corpus.columns import as_contract, bad_date, kept_out
from mh_batch.corpus.grouping import Group, group_files, missing
from mh_batch.corpus.listing import Listing, as_rows_say, list_input
from mh_batch.corpus.scanning import PATH, ROW, lacking_codecs, reading_session, scan
from mh_batch.corpus.survey import DAMAGED, VANISHED, BadFile, SoundFile, survey
from mh_batch.errors import ConsentError, CorpusError
from mh_batch.redaction import spark_muted
from mh_batch.validation import load_contract

_NAMED = 20

# Rows of one file lie below this: a place is one number for file and row, cheap to compare, to group and to join by.
_ROW_BITS = 36

# Columns of the table of files.
_NAME, _NUMBER = "__file_name", "__file_number"

# What the documents have besides the contract's columns.
_BESIDES = [
    T.StructField("bad_date", T.BooleanType()),
    T.StructField("kept_out", T.StringType()),
    T.StructField("source_file", T.StringType()),
    T.StructField(ROW, T.LongType()),
    T.StructField("place", T.LongType()),
]

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
        files: The locations of the files that are read.
        bad_files: The files that are left out.
    """

    documents: DataFrame
    rows: int
    files: Sequence[str]
    bad_files: Sequence[BadFile] = ()

    def unreadable_file(self, error: Exception) -> BadFile | None:
        """Return the file of this corpus that Spark failed on, if that is what `error` says."""
        found = _FAILED_FILE.search(str(error))
        location = unquote(as_rows_say(found[2])) if found else ""
        if found is None or location not in self.files:
            return None
        return BadFile(as_rows_say(found[2]), VANISHED if found[1] == "FILE_NOT_EXIST" else DAMAGED)


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
        CorpusChangedError: a file vanished meanwhile.
    """
    with spark_muted():
        return _read(spark, inputs, columns, consent_basis, max_bad_files, bad_files)


def _read(
    spark: SparkSession,
    inputs: Iterable[str],
    columns: Mapping[str, str],
    consent_basis: str | None,
    max_bad_files: int,
    bad_files: Sequence[BadFile],
) -> Corpus:
    bad = {file.location: file for file in bad_files}
    seen: set[str] = set()
    found: list[tuple[Listing, list[Group]]] = []
    for path in inputs:
        listing = list_input(spark, path, seen)
        groups, misfits = _look_through(spark, listing, bad, columns)
        bad |= {file.location: file for file in [*listing.bad, *misfits]}
        _check_columns(path, groups, columns, consent_basis)
        found.append((listing, groups))
    sound = sorted(file.location for _, groups in found for group in groups for file in group.files)
    _check_bad(list(bad.values()), len(sound) + len(bad), max_bad_files)
    numbers = {location: number for number, location in enumerate(sound)}
    session = reading_session(spark)
    documents = load_contract("documents").spark_schema().fields
    # So that the documents are in the session that asked for them, not in that of reading; Spark drops the empty table.
    nothing = spark.createDataFrame([], T.StructType([*documents, *_BESIDES])).limit(0)
    frames = [
        _documents(session, listing, group, any(other.has("consent") for other in groups), numbers)
        for listing, groups in found
        for group in groups
    ]
    rows = sum(file.rows for _, groups in found for group in groups for file in group.files)
    return Corpus(reduce(DataFrame.unionByName, frames, nothing), rows, tuple(sound), tuple(bad.values()))


def _look_through(
    spark: SparkSession, listing: Listing, without: Mapping[str, BadFile], columns: Mapping[str, str]
) -> tuple[list[Group], list[BadFile]]:
    """Put the files together that are alike; return those that cannot be used as well."""
    names = {column.name: columns.get(column.name, column.name) for column in load_contract("documents").columns}
    looked_at = survey([uri for uri in listing.files if unquote(uri) not in without], set(names.values()))
    sound = [file for file in looked_at if isinstance(file, SoundFile)]
    lacking = lacking_codecs(spark, {codec for file in sound for codec in file.codecs})
    groups, misfits = group_files(sound, names, columns, lacking)
    return groups, [*[file for file in looked_at if isinstance(file, BadFile)], *misfits]


def _check_columns(path: str, groups: Sequence[Group], columns: Mapping[str, str], consent_basis: str | None) -> None:
    """Raise unless some file has each column that was named, and something says that the texts may be used."""
    if not groups:
        return
    present = {name for group in groups for name in group.kinds}
    for column in columns:
        if column not in present:
            raise CorpusError(f"{path}: {missing(column, columns, groups[0].files[0])}")
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
    session: SparkSession, listing: Listing, group: Group, has_consent: bool, numbers: Mapping[str, int]
) -> DataFrame:
    """The documents of a group. A row of a file without a number would be lost, which the books would tell."""
    located, paths = scan(session, listing, [file.location for file in group.files], group.in_files)
    files = session.createDataFrame(_files_table(group, paths, numbers))
    numbered = located.join(F.broadcast(files), PATH)
    return numbered.select(
        *[as_contract(column, group.kinds).alias(column.name) for column in load_contract("documents").columns],
        bad_date(group.kinds).alias("bad_date"),
        (kept_out(group.kinds) if has_consent else F.lit(None).cast("string")).alias("kept_out"),
        F.col(_NAME).alias("source_file"),
        ROW,
        F.shiftleft(_NUMBER, _ROW_BITS).bitwiseOR(F.col(ROW)).alias("place"),
    )


def _files_table(group: Group, paths: Mapping[str, str], numbers: Mapping[str, int]) -> pa.Table:
    files = group.files
    columns = {
        PATH: [paths[file.location] for file in files],
        _NAME: [file.location.rsplit("/", 1)[-1] for file in files],
        _NUMBER: pa.array([numbers[file.location] for file in files], pa.int64()),
    }
    named = {
        column: pa.array([file.folders[name] for file in files], pa.string())
        for column, name in group.in_folders.items()
    }
    return pa.table(columns | named)

"""Inputs in, document columns out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window, functions as F, types as T

from mh_batch.common.redaction import spark_muted
from mh_batch.contracts import load_contract
from mh_batch.corpus import other_files, spark_tables
from mh_batch.corpus.columns import as_contract, bad_date, kept_out
from mh_batch.corpus.corpus import Corpus
from mh_batch.corpus.finding import FoundInput, InputFinder
from mh_batch.corpus.grouping import Group, missing
from mh_batch.corpus.other_files import MALFORMED
from mh_batch.corpus.scanning import PATH, ROW, reading_session, scan_parquet
from mh_batch.errors import ConsentError, CorpusError
from mh_batch.sources import BadFile, Input, Positions, TableVersion, parse_input
from mh_batch.sources.inputs import FILE_FORMATS

# Two hashes of 64 bits together: among 10^9 rows no two different ones are taken for the same.
_HASHES = ("__first", "__second")

_NAMED = 20

# Rows of one file lie below this: a place is one number for file and row, cheap to compare, to group and to join by.
_ROW_BITS = 36

# So many places fit into the memory of every executor.
_PLACES_TO_SEND = 5_000_000

# Columns of the table of files.
_NAME, _NUMBER = "__file_name", "__file_number"

# What the documents have besides the contract's columns.
_BESIDES = [
    T.StructField("bad_date", T.BooleanType()),
    T.StructField("kept_out", T.StringType()),
    T.StructField("malformed", T.StringType()),
    T.StructField("source_file", T.StringType()),
    T.StructField(ROW, T.LongType()),
    T.StructField("place", T.LongType()),
]


def read_corpus(
    spark: SparkSession,
    inputs: Iterable[str | Input],
    columns: Mapping[str, str],
    consent_basis: str | None,
    max_bad_files: int = 0,
    bad_files: Sequence[BadFile] = (),
    versions: Mapping[str, TableVersion] | None = None,
    since: Iterable[TableVersion] = (),
) -> Corpus:
    """Read the inputs and map them to the columns of the document contract.

    Files may differ in their columns; each is read by its own. A column may also stand in the names of the folders
    (`region=North/`). A file that two inputs name is read once.

    Args:
        spark: The session.
        inputs: Files, folders, globs or tables, as `parse_input` takes them, on any file system that Spark and Arrow
            read.
        columns: Contract name to the corpus' own name, where they differ.
        consent_basis: What says that texts may be used which carry no consent: the ground, or the consent ledger.
        max_bad_files: Files that cannot be read, or lack a needed column, are left out as long as they are no more.
        bad_files: Files known to be bad.
        versions: Which version to read of tables that keep a log, by how they are named; the latest if not here.
        since: Versions of such tables whose rows are left out.

    Raises:
        CorpusError: an input is missing, too many files are bad, or a column is missing in all of an input.
        ConsentError: an input has no consent column and `consent_basis` is None.
        CorpusChangedError: a file vanished meanwhile.
    """
    with spark_muted():
        parsed = [parse_input(one) if isinstance(one, str) else one for one in inputs]
        by_id = {version.table_id: version for version in since}
        contract = load_contract("documents")
        names = {column.name: columns.get(column.name, column.name) for column in contract.columns}
        bad, session = {file.location: file for file in bad_files}, reading_session(spark)
        finder = InputFinder(spark, session, columns, names, bad, versions or {}, by_id)
        found: list[FoundInput] = []
        for number, one in enumerate(parsed):
            if one in parsed[:number] and one.format not in FILE_FORMATS:
                continue  # a table that is named twice is read once, as files are
            found.append(finder.find(one))
            _check_columns(one.given, found[-1].groups, columns, consent_basis)
        sound = sorted(file.location for one in found for group in one.groups for file in group.files)
        known = sum(one.known for one in found)
        _check_bad(list(bad.values()), len(sound) + len(bad) + known, max_bad_files)
        located, rows, unlocated = _Reading(spark, session, found).read()
        tables = tuple(one.read for one in found if one.read is not None)
        return Corpus(located, rows, unlocated, tuple(sound), tuple(bad.values()), tables)


@dataclass(frozen=True)
class _Reading:
    spark: SparkSession
    session: SparkSession
    found: Sequence[FoundInput]

    def read(self) -> tuple[DataFrame, int, DataFrame | None]:
        """The documents whose rows have positions, and their number; the others, if there are such inputs."""
        numbers = _numbers(self.found)
        others = [self._frame(one, numbers) for one in self.found if not one.is_located]
        frames = [frame for frame in others if frame is not None]
        return *self._located(numbers), reduce(DataFrame.unionByName, frames) if frames else None

    def _located(self, numbers: Mapping[str, int]) -> tuple[DataFrame, int]:
        """The documents whose rows have positions, and their number."""
        documents = load_contract("documents").spark_schema().fields
        # So that they are in the session that asked for them, not in that of reading; Spark drops the empty table.
        frames = [self.spark.createDataFrame([], T.StructType([*documents, *_BESIDES])).limit(0)]
        rows = 0
        for one in self.found:
            frame = self._frame(one, numbers) if one.is_located else None
            if frame is None:
                continue
            rows += one.rows
            before = None if one.before is None else self._frame(one.before, _numbers([one.before]))
            if before is not None:
                known = carried_over(frame, before)
                frame, rows = self._without(frame, known), rows - len(known)
            frames.append(frame)
        return reduce(DataFrame.unionByName, frames), rows

    def _frame(self, one: FoundInput, numbers: Mapping[str, int]) -> DataFrame | None:
        """The documents of what is found; None if it has no files."""
        if not one.groups:
            return None
        has_consent = any(group.has("consent") for group in one.groups)
        frames = [self._documents(one, group, has_consent, numbers) for group in one.groups]
        places = [
            (numbers[file.location] << _ROW_BITS) | one.deleted[file.location]
            for group in one.groups
            for file in group.files
            if file.location in one.deleted
        ]
        frame = reduce(DataFrame.unionByName, frames)
        return self._without(frame, np.concatenate(places)) if places else frame

    def _without(self, documents: DataFrame, places: Positions) -> DataFrame:
        if not len(places):
            return documents
        gone = self.session.createDataFrame(pa.table({"place": places}))
        return documents.join(F.broadcast(gone) if len(places) <= _PLACES_TO_SEND else gone, "place", "left_anti")

    def _documents(self, one: FoundInput, group: Group, has_consent: bool, numbers: Mapping[str, int]) -> DataFrame:
        """The documents of a group.

        A row of a file without a number is lost where footers count rows, which validation finds, and kept elsewhere.
        """
        rows, paths = self._rows(one, group)
        nothing = F.lit(None).cast("string")
        files = self.session.createDataFrame(_files_table(group, paths, numbers))
        numbered = rows.join(F.broadcast(files), PATH, "inner" if one.is_located else "left")
        place = F.shiftleft(_NUMBER, _ROW_BITS).bitwiseOR(F.col(ROW))
        return numbered.select(
            *[as_contract(column, group.kinds).alias(column.name) for column in load_contract("documents").columns],
            bad_date(group.kinds).alias("bad_date"),
            (kept_out(group.kinds) if has_consent else nothing).alias("kept_out"),
            (F.col(MALFORMED) if MALFORMED in rows.columns else nothing).alias("malformed"),
            F.col(_NAME).alias("source_file"),
            (F.col(ROW) if one.is_located else F.lit(None).cast("bigint")).alias(ROW),
            *([place.alias("place")] if one.is_located else []),
        )

    def _rows(self, one: FoundInput, group: Group) -> tuple[DataFrame, Mapping[str, str]]:
        """The rows of a group; the names by which they say what file they are of, by the files' locations."""
        if one.table is not None:
            return spark_tables.table_rows(one.table, group, one.input), {group.files[0].location: group.files[0].uri}
        assert one.listing is not None
        if one.is_located:
            return scan_parquet(self.session, one.listing, [file.location for file in group.files], group.in_files)
        return other_files.scan_other_files(self.session, one.input, group)


def _numbers(found: Sequence[FoundInput]) -> dict[str, int]:
    """A number for each file, in the order of their names."""
    locations = sorted(file.location for one in found for group in one.groups for file in group.files)
    return {location: number for number, location in enumerate(locations)}


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
    if not bad or (len(bad) <= allowed and len(bad) < files):
        return
    named = "".join(f"\n  - {file}" for file in bad[:_NAMED]) + ("\n  - ..." if len(bad) > _NAMED else "")
    hint = "" if len(bad) >= files else f"\n--max-bad-files {len(bad)} would leave them out"
    raise CorpusError(f"{len(bad):,} of {files:,} files cannot be used:{named}{hint}")


def _files_table(group: Group, paths: Mapping[str, str], numbers: Mapping[str, int]) -> pa.Table:
    files = group.files
    columns = {
        PATH: [paths[file.location] for file in files],
        _NAME: [file.location.rsplit("/", 1)[-1] for file in files],
        _NUMBER: pa.array([numbers[file.location] for file in files], pa.int64()),
    }
    named = {
        column: pa.array([file.values[name] for file in files], pa.string()) for column, name in group.outside.items()
    }
    return pa.table(columns | named)


def carried_over(now: DataFrame, before: DataFrame) -> Positions:
    """Return the places of the rows of `now` that stand in `before`; of equal rows, as many as stand there.

    Args:
        now: Documents, with `place`.
        before: Documents of the files that the earlier version held instead.
    """
    pairs = _numbered(now).join(_numbered(before).drop("place"), [*_HASHES, "number"], "left_semi")
    places = pairs.select("place").toArrow()["place"]
    return np.sort(places.to_numpy().astype(np.int64))


def _numbered(documents: DataFrame) -> DataFrame:
    values = [F.col(name) for name in documents.columns if name not in ("place", "source_file", "source_row")]
    # Spark's hash passes over nulls: without their places a value would count as that of the next column.
    lacking = F.concat(*[F.when(value.isNull(), "0").otherwise("1") for value in values])
    hashes = [F.xxhash64(F.lit(number), lacking, *values).alias(name) for number, name in enumerate(_HASHES)]
    order = Window.partitionBy(*_HASHES).orderBy("place")
    return documents.select("place", *hashes).withColumn("number", F.row_number().over(order))

"""Inputs in, document columns out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from mh_batch.common.redaction import spark_muted
from mh_batch.contracts import load_contract
from mh_batch.corpus import other_files, spark_tables
from mh_batch.corpus.columns import as_contract, bad_date, kept_out
from mh_batch.corpus.failures import failed_file, location_of
from mh_batch.corpus.grouping import Group, group_files, missing
from mh_batch.corpus.increments import carried_over
from mh_batch.corpus.listing import Listing, list_input
from mh_batch.corpus.other_files import MALFORMED
from mh_batch.corpus.scanning import PATH, ROW, lacking_codecs, reading_session, scan
from mh_batch.errors import ConsentError, CorpusChangedError, CorpusError
from mh_batch.sources.inputs import DELTA, FILE_FORMATS, ICEBERG, PARQUET, Input, parse_input
from mh_batch.sources.snapshots import DataFile, Positions, TableSnapshot, TableVersion, read_snapshot
from mh_batch.sources.survey import DAMAGED, VANISHED, BadFile, SoundFile, columns_named, survey

_NAMED = 20

# Rows of one file lie below this: a place is one number for file and row, cheap to compare, to group and to join by.
_ROW_BITS = 36

# From here on lie the places of rows that have no position in a file.
UNLOCATED = 1 << 62

# So many places fit into the memory of every executor.
_PLACES_TO_SEND = 5_000_000

_READ_ALL = "start again with --table-rows all, which reads all rows of the table once more"

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


@dataclass(frozen=True)
class TableRead:
    """A table of which a corpus holds a version.

    Attributes:
        input: How it was named.
        version: Which it is.
        since: The version whose rows are left out, if any.
        files: How many data files are read.
    """

    input: str
    version: TableVersion
    since: TableVersion | None
    files: int

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)

    def __str__(self) -> str:
        """For people."""
        since = f", what is new since version {self.since.version}" if self.since else ""
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        return f"{self.input}: version {self.version.version}{since}, in {files}"


@dataclass(frozen=True)
class Corpus:
    """Documents to be, and the files that hold them.

    Attributes:
        located: The documents whose rows have a position in a file: one per input row, unread as yet: the contract's
            columns, `bad_date`, `kept_out` (the `ConsentRule` by which its own consent keeps it out, or null),
            `malformed` (why the row cannot be trusted, or null), `source_file`, `source_row` (position in its file)
            and `place` (file and row as one number, in the files' order).
        located_rows: How many they are, by the files' own account.
        unlocated: The others, whose `source_row` is null and whose `place` another read would not repeat.
        files: The locations of the files that are read.
        bad_files: The files that are left out.
        tables: The tables that keep a log.
    """

    located: DataFrame
    located_rows: int
    unlocated: DataFrame | None = None
    files: Sequence[str] = ()
    bad_files: Sequence[BadFile] = ()
    tables: Sequence[TableRead] = ()

    @property
    def documents(self) -> DataFrame:
        """All documents."""
        if self.unlocated is None:
            return self.located
        place = F.lit(UNLOCATED).bitwiseOR(F.monotonically_increasing_id())
        return self.located.unionByName(self.unlocated.withColumn("place", place))

    @cached_property
    def rows(self) -> int:
        """How many documents there are; where no file says so, a query of its own counts them."""
        if self.unlocated is None:
            return self.located_rows
        with spark_muted():
            return self.located_rows + self.unlocated.count()

    def versions(self) -> Mapping[str, TableVersion]:
        """The versions of the tables, by how they were named."""
        return {table.input: table.version for table in self.tables}

    def since(self) -> Sequence[TableVersion]:
        """The versions of tables whose rows are left out."""
        return [table.since for table in self.tables if table.since is not None]

    def unreadable_file(self, error: Exception) -> BadFile | None:
        """Return the file of this corpus that Spark failed on, if that is what `error` says."""
        uri, vanished = failed_file(error) or ("", False)
        if location_of(uri) not in self.files:
            return None
        return BadFile(uri, VANISHED if vanished else DAMAGED)


@dataclass(frozen=True)
class _Found:
    """What an input came to.

    Attributes:
        input: The input.
        groups: Its files, put together with those that are alike.
        listing: Where they are; None for what is no file.
        deleted: Positions of rows that are not read, by the location of their file.
        table: Columns by their places, for what is no file.
        read: The version of a table that keeps a log.
        before: Files that an earlier version, whose rows are to be left out, held instead.
        known: How many files are left out, since that version held them too.
    """

    input: Input
    groups: Sequence[Group]
    listing: Listing | None = None
    deleted: Mapping[str, Positions] = field(default_factory=dict)
    table: DataFrame | None = None
    read: TableRead | None = None
    before: "_Found | None" = None
    known: int = 0

    @property
    def is_located(self) -> bool:
        return self.input.format in (PARQUET, DELTA, ICEBERG)

    @property
    def rows(self) -> int:
        files = [file for group in self.groups for file in group.files]
        return sum(file.rows - len(self.deleted.get(file.location, ())) for file in files)


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
        reading = _Reading(spark, columns, {file.location: file for file in bad_files}, versions or {}, by_id)
        return reading.read(parsed, consent_basis, max_bad_files)


@dataclass
class _Reading:
    spark: SparkSession
    columns: Mapping[str, str]
    bad: dict[str, BadFile]
    versions: Mapping[str, TableVersion]
    since: Mapping[str, TableVersion]
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.session = reading_session(self.spark)
        contract = load_contract("documents")
        self.names = {column.name: self.columns.get(column.name, column.name) for column in contract.columns}

    def read(self, inputs: Sequence[Input], consent_basis: str | None, max_bad_files: int) -> Corpus:
        found: list[_Found] = []
        for number, one in enumerate(inputs):
            if one in inputs[:number] and one.format not in FILE_FORMATS:
                continue  # a table that is named twice is read once, as files are
            found.append(self._find(one))
            _check_columns(one.given, found[-1].groups, self.columns, consent_basis)
        sound = sorted(file.location for one in found for group in one.groups for file in group.files)
        known = sum(one.known for one in found)
        _check_bad(list(self.bad.values()), len(sound) + len(self.bad) + known, max_bad_files)
        numbers = {location: number for number, location in enumerate(sound)}
        located, rows = self._located([one for one in found if one.is_located], numbers)
        others = [frame for one in found if not one.is_located and (frame := self._frame(one, numbers)) is not None]
        unlocated = reduce(DataFrame.unionByName, others) if others else None
        tables = tuple(one.read for one in found if one.read is not None)
        return Corpus(located, rows, unlocated, tuple(sound), tuple(self.bad.values()), tables)

    def _find(self, one: Input) -> _Found:
        if one.format in (DELTA, ICEBERG):
            return self._find_table(one)
        if one.format not in FILE_FORMATS:
            names, table = spark_tables.open_table(self.spark, one)
            return _Found(one, self._group([spark_tables.as_file(one, names, table)]), table=table)
        listing = list_input(self.spark, one, self.seen)
        self.bad |= {file.location: file for file in listing.bad}
        files = [uri for uri in listing.files if location_of(uri) not in self.bad]
        if one.format == PARQUET:
            return _Found(one, self._group(survey(files, columns_named(set(self.names.values())))), listing)
        return _Found(one, self._group(other_files.look_at(self.session, one, files, {self.names["consent"]})), listing)

    def _find_table(self, one: Input) -> _Found:
        pinned = self.versions.get(one.given)
        snapshot = read_snapshot(one, pinned)
        if pinned is not None and pinned.table_id != snapshot.version.table_id:
            raise CorpusChangedError(f"{one.given} is another table by now: start again")
        since = self.since.get(snapshot.version.table_id)
        if since is None:
            return self._found(snapshot, snapshot.files, None)
        try:
            earlier = read_snapshot(one, since).as_read(since)
        except CorpusError as error:
            raise CorpusError(f"{error}; {_READ_ALL}") from None
        before = earlier.without(snapshot.files)
        new = snapshot.without(earlier.files).files
        found = replace(self._found(snapshot, new, since), known=len(snapshot.files) - len(new))
        looked_at = before.survey({})
        gone = next((file for file in looked_at if isinstance(file, BadFile)), None)
        if gone is not None and found.groups:
            raise CorpusError(
                f"{one.given}: which rows are new since version {since.version} cannot be told any more, since a file "
                f"of it is gone or damaged ({gone}); {_READ_ALL}"
            )
        sound = [file for file in looked_at if isinstance(file, SoundFile)]
        groups, _ = group_files(sound, self.names, self.columns, self._lacking(sound))
        return replace(found, before=_Found(one, groups, _listing_of(before), _deleted(before)))

    def _found(self, snapshot: TableSnapshot, files: Sequence[DataFile], since: TableVersion | None) -> _Found:
        one = snapshot.input
        if not self.seen.isdisjoint(file.location for file in files):
            raise CorpusError(f"{one.given} has files of another input: name the table once")
        self.seen.update(file.location for file in files)
        read = replace(snapshot, files=files)
        groups = self._group(read.survey(self.bad))
        unread = tuple(sorted(file.location for file in files if file.location in self.bad))
        version = replace(snapshot.version, unread=unread)
        table = TableRead(one.given, version, since, sum(len(group.files) for group in groups))
        return _Found(one, groups, _listing_of(read), _deleted(read), read=table)

    def _group(self, looked_at: Sequence[SoundFile | BadFile]) -> list[Group]:
        """Put the files together that are alike; keep in mind those that cannot be used."""
        sound = [file for file in looked_at if isinstance(file, SoundFile)]
        groups, misfits = group_files(sound, self.names, self.columns, self._lacking(sound))
        bad = [*[file for file in looked_at if isinstance(file, BadFile)], *misfits]
        self.bad |= {file.location: file for file in bad}
        return groups

    def _lacking(self, files: Sequence[SoundFile]) -> set[str]:
        return lacking_codecs(self.spark, {codec for file in files for codec in file.codecs})

    def _located(self, found: Sequence[_Found], numbers: Mapping[str, int]) -> tuple[DataFrame, int]:
        """The documents of what is found, and how many they are."""
        documents = load_contract("documents").spark_schema().fields
        # So that they are in the session that asked for them, not in that of reading; Spark drops the empty table.
        frames = [self.spark.createDataFrame([], T.StructType([*documents, *_BESIDES])).limit(0)]
        rows = 0
        for one in found:
            frame = self._frame(one, numbers)
            if frame is None:
                continue
            rows += one.rows
            before = None if one.before is None else self._frame(one.before, _numbers(one.before))
            if before is not None:
                known = carried_over(frame, before)
                frame, rows = self._without(frame, known), rows - len(known)
            frames.append(frame)
        return reduce(DataFrame.unionByName, frames), rows

    def _frame(self, one: _Found, numbers: Mapping[str, int]) -> DataFrame | None:
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

    def _documents(self, one: _Found, group: Group, has_consent: bool, numbers: Mapping[str, int]) -> DataFrame:
        """The documents of a group. A row of a file without a number would be lost, which the books would tell."""
        rows, paths = self._rows(one, group)
        nothing = F.lit(None).cast("string")
        files = self.session.createDataFrame(_files_table(group, paths, numbers))
        numbered = rows.join(F.broadcast(files), PATH)
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

    def _rows(self, one: _Found, group: Group) -> tuple[DataFrame, Mapping[str, str]]:
        """The rows of a group, and by which names they say what file they are of, by the files' locations."""
        if one.table is not None:
            return spark_tables.rows_of(one.table, group, one.input), {group.files[0].location: group.files[0].uri}
        assert one.listing is not None
        if one.is_located:
            return scan(self.session, one.listing, [file.location for file in group.files], group.in_files)
        return other_files.scan(self.session, one.input, group)


def _numbers(found: _Found) -> dict[str, int]:
    """A number for each file, in the order of their names."""
    locations = sorted(file.location for group in found.groups for file in group.files)
    return {location: number for number, location in enumerate(locations)}


def _listing_of(snapshot: TableSnapshot) -> Listing:
    uris = [file.uri for file in snapshot.files]
    folders = {file.location.removeprefix("file:").rsplit("/", 1)[0] for file in snapshot.files}
    return Listing(all(uri.startswith("file:") for uri in uris), uris, (), sorted(folders), is_complete=True)


def _deleted(snapshot: TableSnapshot) -> dict[str, Positions]:
    return {file.location: file.deleted for file in snapshot.files if len(file.deleted)}


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

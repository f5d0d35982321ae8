"""Inputs looked at before they are read: their files, columns, versions, and which rows are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyspark.sql import DataFrame, SparkSession

from mh_batch.corpus import other_files, spark_tables
from mh_batch.corpus.corpus import TableRead, location_of
from mh_batch.corpus.grouping import Group, group_files
from mh_batch.corpus.listing import Listing, list_input
from mh_batch.corpus.scanning import lacking_codecs
from mh_batch.errors import CorpusChangedError, CorpusError
from mh_batch.sources import BadFile, DataFile, Input, Positions, SoundFile, TableSnapshot, TableVersion, read_snapshot
from mh_batch.sources.inputs import DELTA, FILE_FORMATS, ICEBERG, PARQUET
from mh_batch.sources.survey import columns_named, survey

_READ_ALL = "start again with --table-rows all, which reads all rows of the table once more"


@dataclass(frozen=True)
class FoundInput:
    """The files or the table of an input, put together with those that are alike.

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
    before: "FoundInput | None" = None
    known: int = 0

    @property
    def is_located(self) -> bool:
        """Whether its rows have positions in files, on which two reads agree."""
        return self.input.format in (PARQUET, DELTA, ICEBERG)

    @property
    def rows(self) -> int:
        """The number of its rows, by the files' footers."""
        files = [file for group in self.groups for file in group.files]
        return sum(file.rows - len(self.deleted.get(file.location, ())) for file in files)


@dataclass
class InputFinder:
    """Looks at the inputs of a corpus, one after the other.

    Attributes:
        spark: The session.
        session: The one that `reading_session` returns.
        columns: Contract name to the corpus' own name, where they differ.
        names: What the corpus calls each column of the contract.
        bad: Files that cannot be used, by their locations; those that are found are added.
        versions: Which version to read of tables that keep a log, by how they are named.
        since: Versions of such tables whose rows are left out, by the tables' identifiers.
        seen: Files that were found already.
    """

    spark: SparkSession
    session: SparkSession
    columns: Mapping[str, str]
    names: Mapping[str, str]
    bad: dict[str, BadFile]
    versions: Mapping[str, TableVersion]
    since: Mapping[str, TableVersion]
    seen: set[str] = field(default_factory=set)

    def find(self, one: Input) -> FoundInput:
        """Look at an input.

        Raises:
            CorpusError: it is missing, or which of its rows are new cannot be told.
            CorpusChangedError: another table took its place, or a file vanished meanwhile.
        """
        if one.format in (DELTA, ICEBERG):
            return self._find_table(one)
        if one.format not in FILE_FORMATS:
            names, table = spark_tables.open_table(self.spark, one)
            return FoundInput(one, self._group([spark_tables.as_file(one, names, table)]), table=table)
        listing = list_input(self.spark, one, self.seen)
        self.bad |= {file.location: file for file in listing.bad}
        files = [uri for uri in listing.files if location_of(uri) not in self.bad]
        if one.format == PARQUET:
            looked_at = survey(files, columns_named(set(self.names.values())))
        else:
            looked_at = other_files.look_at(self.session, one, files, {self.names["consent"]})
        return FoundInput(one, self._group(looked_at), listing)

    def _find_table(self, one: Input) -> FoundInput:
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
        return replace(found, before=FoundInput(one, groups, _listing_of(before), _deleted(before)))

    def _found(self, snapshot: TableSnapshot, files: Sequence[DataFile], since: TableVersion | None) -> FoundInput:
        one = snapshot.input
        if not self.seen.isdisjoint(file.location for file in files):
            raise CorpusError(f"{one.given} has files of another input: name the table once")
        self.seen.update(file.location for file in files)
        read = replace(snapshot, files=files)
        groups = self._group(read.survey(self.bad))
        unread = tuple(sorted(file.location for file in files if file.location in self.bad))
        version = replace(snapshot.version, unread=unread)
        table = TableRead(one.given, version, since, sum(len(group.files) for group in groups))
        return FoundInput(one, groups, _listing_of(read), _deleted(read), read=table)

    def _group(self, looked_at: Sequence[SoundFile | BadFile]) -> list[Group]:
        """Put the files together that are alike; keep in mind those that cannot be used."""
        sound = [file for file in looked_at if isinstance(file, SoundFile)]
        groups, misfits = group_files(sound, self.names, self.columns, self._lacking(sound))
        bad = [*[file for file in looked_at if isinstance(file, BadFile)], *misfits]
        self.bad |= {file.location: file for file in bad}
        return groups

    def _lacking(self, files: Sequence[SoundFile]) -> set[str]:
        return lacking_codecs(self.spark, {codec for file in files for codec in file.codecs})


def _listing_of(snapshot: TableSnapshot) -> Listing:
    uris = [file.uri for file in snapshot.files]
    folders = {file.location.removeprefix("file:").rsplit("/", 1)[0] for file in snapshot.files}
    return Listing(all(uri.startswith("file:") for uri in uris), uris, (), sorted(folders), is_complete=True)


def _deleted(snapshot: TableSnapshot) -> dict[str, Positions]:
    return {file.location: file.deleted for file in snapshot.files if len(file.deleted)}

"""A corpus: its documents, and the files and tables that hold them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, functions as F

from mh_batch.common.redaction import spark_muted
from mh_batch.sources import BadFile, TableVersion
from mh_batch.sources.survey import DAMAGED, VANISHED

_FAILED_FILE = re.compile(r"FAILED_READ_FILE\.(\w+)\].*?reading file '?(\S+?)'?\.?(?:\s|$)")

# From here on lie the places of rows that have no position in a file.
UNLOCATED = 1 << 62


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
    """Documents, unread as yet, and the files that hold them.

    Attributes:
        located: The documents whose rows have a position in a file: one per input row, the contract's
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
        """The number of documents, by the files' footers or, where no footer says it, by a query of its own."""
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


def as_rows_say(uri: str) -> str:
    """Spark names a local file differently when it lists it and when it reads it."""
    return re.sub("^file:/+", "file:/", uri)


def failed_file(error: Exception) -> tuple[str, bool] | None:
    """Return the URI of the file that Spark failed on, and whether it vanished; None if the error names none."""
    found = _FAILED_FILE.search(str(error))
    return (as_rows_say(found[2]), found[1] == "FILE_NOT_EXIST") if found else None


def location_of(uri: str) -> str:
    """A file's name without the marks of a URI."""
    return unquote(as_rows_say(uri))

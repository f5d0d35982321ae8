"""Snapshots of tables that keep a log, read by whichever format."""

from mh_batch.sources.delta import read_delta
from mh_batch.sources.iceberg import read_iceberg
from mh_batch.sources.inputs import DELTA, Input
from mh_batch.sources.snapshots import TableSnapshot, TableVersion


def read_snapshot(table: Input, version: TableVersion | None = None) -> TableSnapshot:
    """Return the version of a table that its name asks for, a given one, or the latest.

    Raises:
        UsageError: the package that reads such tables is missing.
        CorpusError: there is no such table or version, or it holds what cannot be read.
    """
    wanted = table.version if version is None else version.version
    return read_delta(table, wanted) if table.format == DELTA else read_iceberg(table, wanted)

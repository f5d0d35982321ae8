"""Delta tables that hold the rows of many runs: each run is replaced, or taken out, in one commit.

Protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from mh_batch.common.backoff import pauses
from mh_batch.common.console import announce
from mh_batch.common.filesystem import Folder
from mh_batch.common.progress import Progress
from mh_batch.common.redaction import is_debugging
from mh_batch.errors import PublishingError, UsageError
from mh_batch.publishing.run_tables import MODEL, PROBABILITY, RUN, RunTable, TableName, base_schema

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

_INSTALL = "publishing to a Delta table needs a package that is not installed: pip install 'mh-batch[delta]'"

# They are columns that stand in no file.
_PARTITIONS: Mapping[TableName, list[str]] = {"scores": [RUN, MODEL], "rejected": [RUN]}

# The log holds least and greatest values of columns for weeks after their rows have gone: of none with identifiers.
_STATISTICS: Mapping[TableName, str] = {
    "scores": "created_at,language,source,region,top_label,n_tokens,n_windows",
    "rejected": "reason",
}

# Memory holds one group for each model.
_ROWS_PER_GROUP = 2**17

T = TypeVar("T")


def check_installed() -> None:
    """Raise UsageError if the package that writes Delta tables is missing."""
    try:
        import deltalake  # noqa: F401 - whether it is there
    except ImportError:
        raise UsageError(_INSTALL) from None


@dataclass(frozen=True)
class DeltaRuns:
    """A Delta table with the rows of runs.

    Attributes:
        name: What rows they are.
        uri: Where it lies.
    """

    name: TableName
    uri: str

    def check(self) -> None:
        """Raise UsageError if something else lies there; nothing is written."""
        table = self._existing()
        if table is not None:
            self._check_columns(table)
        elif "://" not in self.uri and Folder(self.uri).names():
            raise UsageError(f"{self.uri} holds files that are no Delta table: name another place")

    def replace(self, run_id: str, rows: RunTable, facts: Mapping[str, str]) -> int:
        """Put a run's rows in the place of those that the table holds of it; make the table if there is none.

        Args:
            run_id: The run.
            rows: All of its rows.
            facts: What the commit says of itself.

        Returns:
            The table's version with these rows.

        Raises:
            PublishingError: it cannot be written; the table holds of the run what it held before.
        """
        from deltalake import WriterProperties, write_deltalake

        def write() -> int:
            table = self._existing() or self._made()
            batches = _counted(rows.batches(), f"publishing {self.name} of {run_id}", rows.rows)
            write_deltalake(
                table,
                pa.RecordBatchReader.from_batches(rows.schema, batches),
                mode="overwrite",
                predicate=_of(run_id),
                schema_mode="merge",
                writer_properties=WriterProperties(max_row_group_size=_ROWS_PER_GROUP, compression="SNAPPY"),
                commit_properties=_commit(facts),
            )
            return table.version()

        return self._tried(write)

    def remove(self, run_id: str, facts: Mapping[str, str]) -> int | None:
        """Take a run's rows out; return the table's version without them, or None if there is no table.

        Raises:
            PublishingError: it cannot be written; the table holds of the run what it held before.
        """

        def delete() -> int | None:
            table = self._existing()
            if table is not None:
                table.delete(_of(run_id), commit_properties=_commit(facts))
            return table.version() if table else None

        return self._tried(delete)

    def _check_columns(self, table: DeltaTable) -> None:
        from deltalake import Schema

        base, theirs = base_schema(self.name), {field.name: field.type for field in table.schema().fields}
        added = [name for name in theirs if name.startswith(PROBABILITY)] if self.name == "scores" else []
        expected = pa.schema([*base, *(pa.field(name, pa.float64()) for name in added)])
        ours = {field.name: field.type for field in Schema.from_arrow(expected).fields}
        odd = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        if odd:
            raise UsageError(
                f"{self.uri} is no table of {self.name} as mh-batch publishes them, by its columns "
                f"{', '.join(odd[:5])}: name another place"
            )
        if table.metadata().partition_columns != _PARTITIONS[self.name]:
            raise UsageError(
                f"{self.uri} is not partitioned by {' and '.join(_PARTITIONS[self.name])}: name another place"
            )

    def _existing(self) -> DeltaTable | None:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        try:
            return DeltaTable(self.uri)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError, ValueError) as error:
            raise PublishingError(f"{self.uri} cannot be opened: {error}") from None

    def _made(self) -> DeltaTable:
        """An empty table. A first write that is killed then leaves its files where VACUUM finds them."""
        from deltalake import DeltaTable

        return DeltaTable.create(
            self.uri,
            base_schema(self.name),
            mode="ignore",
            partition_by=_PARTITIONS[self.name],
            name=self.name,
            configuration={"delta.dataSkippingStatsColumns": _STATISTICS[self.name]},
        )

    def _tried(self, write: Callable[[], T]) -> T:
        """Write, and again where another writer came first; errors are raised without what they quote."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            for pause in pauses():
                try:
                    return write()
                except CommitFailedError:
                    announce(f"{self.uri} has been changed meanwhile; once more in {pause:.0f} s")
                    time.sleep(pause)
            return write()
        except (DeltaError, OSError, pa.ArrowException) as error:
            if is_debugging():
                raise
            raise PublishingError(
                f"{self.uri} cannot be written ({type(error).__name__}); it holds of the run what it held before, and "
                "the same command tries again"
            ) from None


def _of(run_id: str) -> str:
    quoted = run_id.replace("'", "''")
    return f"{RUN} = '{quoted}'"


def _commit(facts: Mapping[str, str]) -> CommitProperties:
    from deltalake import CommitProperties

    return CommitProperties(custom_metadata=dict(facts))


def _counted(batches: Iterable[pa.RecordBatch], title: str, rows: int) -> Iterator[pa.RecordBatch]:
    """The batches, with the progress of so many rows."""
    done = 0
    with Progress(title, rows, "rows") as progress:
        for batch in batches:
            yield batch
            done += len(batch)
            progress.update(done)

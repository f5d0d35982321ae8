"""The outbox and its delivery log, as files of an output root."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder
from mh_batch.errors import ErasureError, StoreError
from mh_batch.followup.outbox_rows import Attempt, OutboxRow, as_table
from mh_batch.output import Leases, OutputRoot, check_key, output_access
from mh_batch.privacy.erasure.erasure_journal import unfinished_erasure
from mh_batch.pseudonyms import PseudonymKey


class Outbox:
    """`<root>/outbox`: rows in `issued/`, what became of them in `deliveries/`.

    Rows exist when their file does, which is one write: whoever is killed before leaves nothing, and the same rows are
    due again; whoever is killed after leaves them whole, and they are due no more.
    """

    def __init__(self, root: OutputRoot) -> None:
        """Look at the outbox of an output root; it is made when something is first written."""
        self._root = root
        self._issued = root.folder / "outbox" / "issued"
        self._deliveries = root.folder / "outbox" / "deliveries"

    @contextmanager
    def locked(self, name: str, key: PseudonymKey) -> Iterator[Callable[[], None]]:
        """Work on the outbox as the only one; gives a function that raises BusyError if that has been lost.

        Raises:
            BusyError: somebody else issues or delivers, or deletes what is in the root.
            ErasureError: an erasure was interrupted: whom it concerns must not be written to.
            KeyFileError: the key is no longer the root's: under another one nobody would be known.
            RotationError: the root is between two keys.
        """
        with output_access(self._root), Leases(self._root.folder).held("followup", name) as check_lease:
            if unfinished_erasure(self._root.folder) is not None:
                raise ErasureError("an erasure was interrupted: start it again, then follow up")
            check_key(self._root, key)
            yield check_lease

    def rows(self) -> list[OutboxRow]:
        """Return all rows in the order in which they were issued."""
        rows = [OutboxRow.read(row) for row in _read(self._issued)]
        return sorted(rows, key=lambda row: (row.issued_at, row.outbox_id))

    def issue(self, rows: Sequence[OutboxRow]) -> None:
        """Add rows, all of them or none."""
        if rows:
            _write(self._issued, as_table(rows, "outbox"), rows[0].issued_at, [row.outbox_id for row in rows])

    def attempts(self) -> list[Attempt]:
        """Return every attempt in its order."""
        # Whoever was killed while putting files together left some attempts twice.
        attempts = {row["attempt_id"]: Attempt(**row) for row in _read(self._deliveries)}
        return sorted(attempts.values(), key=lambda attempt: (attempt.at, attempt.attempt))

    def log(self, attempts: Sequence[Attempt]) -> None:
        """Add attempts to the log."""
        if attempts:
            ids = [attempt.attempt_id for attempt in attempts]
            _write(self._deliveries, as_table(attempts, "deliveries"), attempts[0].at, ids)

    def compact_log(self) -> None:
        """Put the log's files together in one; whoever is killed on the way leaves rows twice and none lost."""
        old = self._deliveries.names()
        if len(old) > 1:
            self.log(self.attempts())
            written = set(self._deliveries.names()) - set(old)
            for name in old if written else ():
                (self._deliveries / name).delete()


def _write(folder: Folder, table: pa.Table, at: datetime, ids: Sequence[str]) -> None:
    """Write a file whose name is the same for the same rows."""
    digest = hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    (folder / f"{at:%Y%m%dT%H%M%SZ}-{digest}.parquet").write_bytes(buffer.getvalue())


def _read(folder: Folder) -> Iterator[dict[str, Any]]:
    for name in folder.names():
        if name.endswith(".parquet"):
            try:
                table = pq.read_table(io.BytesIO((folder / name).read_bytes()))
            except pa.ArrowInvalid:
                raise StoreError(f"{(folder / name).uri} is damaged: restore it, or what it says is lost") from None
            yield from table.to_pylist()

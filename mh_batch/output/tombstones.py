"""Tombstones of those who were erased: hashes by which later runs know them, and take nothing of theirs."""

from __future__ import annotations

import io
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.pseudonyms import ErasureHashes

AUTHOR, DOCUMENT = "author", "document"


def tombstones_folder(root: Folder) -> Folder:
    """The folder of an output root's tombstones."""
    return root / "erased"


def journal_file(root: Folder) -> Folder:
    """The file with an erasure's journal, as long as the erasure is unfinished."""
    return tombstones_folder(root) / "pending.json"


def read_tombstones(root: Folder) -> ErasureHashes:
    """Return the hashes of all who were erased from an output root."""
    tables = [
        pq.read_table(io.BytesIO(file.read_bytes()), columns=["subject", "mark"])
        for file in tombstones_folder(root).walk(".parquet")
    ]
    if not tables:
        return ErasureHashes()
    table = pa.concat_tables(tables)
    return ErasureHashes(_of(table, AUTHOR), _of(table, DOCUMENT))


def _of(table: pa.Table, subject: str) -> frozenset[str]:
    return frozenset(table.filter(pc.field("subject") == subject)["mark"].to_pylist())


def write_tombstones(root: Folder, name: str, hashes: ErasureHashes, at: datetime) -> None:
    """Write the hashes that are not there yet.

    Args:
        root: The output root.
        name: Of the file, which is of this erasure.
        hashes: Of those who are erased.
        at: When.
    """
    new = hashes - read_tombstones(root)
    if not new:
        return
    rows = [
        {"subject": subject, "mark": mark, "at": at}
        for subject, own in ((AUTHOR, new.authors), (DOCUMENT, new.documents))
        for mark in sorted(own)
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=load_contract("erased").arrow_schema()), buffer)
    (tombstones_folder(root) / f"{name}.parquet").write_bytes(buffer.getvalue())

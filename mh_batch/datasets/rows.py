"""One row of the synthetic corpus, and how rows become an Arrow table."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Row:
    """One row as it is written; `text` is bytes because some rows hold no valid UTF-8."""

    doc_id: str | None
    text: bytes | None
    author_id: str
    created_at: str
    language: str | None
    source: str
    region: str
    consent: tuple[str, ...] | None


def to_table(rows: Sequence[Row]) -> pa.Table:
    """Build the table of the rows, in their order.

    `created_at` is a string column: a timestamp column could not hold a date that is none.
    """
    return pa.table(
        {
            "doc_id": pa.array([row.doc_id for row in rows], pa.string()),
            "text": _unchecked_strings([row.text for row in rows]),
            "author_id": pa.array([row.author_id for row in rows], pa.string()),
            "created_at": pa.array([row.created_at for row in rows], pa.string()),
            "language": pa.array([row.language for row in rows], pa.string()),
            "source": pa.array([row.source for row in rows], pa.string()),
            "region": pa.array([row.region for row in rows], pa.string()),
            "consent": pa.array([row.consent for row in rows], pa.list_(pa.string())),
        }
    )


def _unchecked_strings(values: Sequence[bytes | None]) -> pa.Array:
    binary = pa.array(values, pa.binary())
    # A cast would refuse invalid UTF-8; the same buffers under another type are taken as they are.
    return pa.Array.from_buffers(pa.string(), len(binary), binary.buffers(), binary.null_count)

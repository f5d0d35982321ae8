"""The report's tables, and how they become files for machines."""

import io
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import csv, parquet

from mh_batch.storage import Folder


@dataclass(frozen=True)
class ReportTables:
    """What a report holds, each table under the contract of its name.

    Attributes:
        change: None where there is no other run to compare with; so is `mix`.
    """

    prevalence: pa.Table
    distribution: pa.Table
    cooccurrence: pa.Table
    quality: pa.Table
    change: pa.Table | None = None
    mix: pa.Table | None = None


def write_table(table: pa.Table, folder: Folder, name: str) -> None:
    """Write `<name>.parquet` and, in UTF-8, `<name>.csv` into the folder."""
    (folder / f"{name}.parquet").write_bytes(_as_parquet(table))
    (folder / f"{name}.csv").write_bytes(_as_csv(table))


def read_table(folder: Folder, name: str) -> pa.Table:
    """Read what `write_table` wrote."""
    return parquet.read_table(io.BytesIO((folder / f"{name}.parquet").read_bytes()))


def _as_parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def _as_csv(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    csv.write_csv(table, buffer)
    return buffer.getvalue()

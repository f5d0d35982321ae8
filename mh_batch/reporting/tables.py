"""The report's tables as files for machines."""

import io

import pyarrow as pa
from pyarrow import csv, parquet

from mh_batch.storage import Folder


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

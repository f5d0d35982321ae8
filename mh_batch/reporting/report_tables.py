"""The tables of a report: what it holds, rounding of its counts, and its files for machines."""

import io
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv, parquet

from mh_batch.common.filesystem import Folder

Count = TypeVar("Count", int, NDArray[np.int64])

# What a value begins with that a spreadsheet computes, by OWASP's list; the wide forms are taken for the others.
_FORMULA = "^([=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"


@dataclass(frozen=True)
class ReportTables:
    """The tables of a report, each under the contract of its name.

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
    """Write `<name>.parquet` and, in UTF-8 and safe to open in a spreadsheet, `<name>.csv` into the folder.

    Args:
        table: The table.
        folder: The report's folder.
        name: The table's contract.
    """
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
    csv.write_csv(pa.table([_as_text(column) for column in table.columns], _as_text(_names(table)).to_pylist()), buffer)
    return buffer.getvalue()


def _names(table: pa.Table) -> pa.Array:
    return pa.array(table.column_names, pa.string())


def _as_text(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Turn what a spreadsheet would take for a formula into text, by an apostrophe; numbers stay numbers."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return pc.replace_substring_regex(column, _FORMULA, r"'\1")


def rounded(count: Count, to: int | None) -> Count:
    """Round a count, or counts, to the nearest multiple of `to`, halves up; None leaves them as they are."""
    return count if to is None else (count + to // 2) // to * to

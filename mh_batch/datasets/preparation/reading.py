"""Reads the sources of a recipe: Parquet or CSV files of the data folder, or data sets of the hub."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import csv

from mh_batch.datasets.preparation.recipe import Hub, Source
from mh_batch.errors import PreparationError, UsageError, nearest

_CSV = ds.CsvFileFormat(parse_options=csv.ParseOptions(newlines_in_values=True))
_FORMATS: dict[str, str | ds.FileFormat] = {".parquet": "parquet", ".csv": _CSV}
_OUR_COLUMNS = ("doc_id", "text", "language", "author", "category")


@dataclass(frozen=True)
class Origin:
    """Where a source was read from: a path and the SHA-256 of its bytes, or a name on the hub and its revision."""

    source: str
    location: str
    digest: str
    rows: int


def read_source(source: Source, folder: Path | None) -> tuple[pd.DataFrame, Origin]:
    """Return the columns of a source that the recipe uses, under the source's own names, and where they came from.

    Raises:
        UsageError: a file is not there, or a package that reads from the hub is not installed.
        PreparationError: a column is missing, or there are no rows.
    """
    table, location, digest = _from_hub(source.hub) if source.hub else _from_files(source, folder)
    if not table.num_rows:
        raise PreparationError(f"source '{source.name}' has no rows ({location}): give it some, or leave it out")
    _check_text(source, table)
    rows = table.select(_wanted(source, table.column_names)).to_pandas(integer_object_nulls=True)
    return rows, Origin(source.name, location, digest, len(rows))


def own_name(source: Source, column: str) -> str:
    """What the source calls one of our columns."""
    return source.columns.get(column, column)  # type: ignore[call-overload, no-any-return]  # its keys are literals


def _wanted(source: Source, present: list[str]) -> list[str]:
    named = {*source.columns.values(), own_name(source, "text"), *source.columns_used()}
    for name in sorted(named - set(present)):
        raise PreparationError(
            f"source '{source.name}' has no column '{name}': {nearest(name, present)} "
            "(change the recipe's columns, where or labels)"
        )
    ours = {own_name(source, column) for column in _OUR_COLUMNS}
    return sorted((named | ours) & set(present))


def _check_text(source: Source, table: pa.Table) -> None:
    name = own_name(source, "text")
    kind = table.schema.field(name).type if name in table.column_names else pa.string()
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise PreparationError(f"source '{source.name}': column '{name}' holds {kind}, and not texts")


def _from_files(source: Source, folder: Path | None) -> tuple[pa.Table, str, str]:
    if folder is None:
        raise UsageError(f"source '{source.name}' is a file: say with --data in which folder it lies")
    path = folder / str(source.path)
    if not path.exists():
        raise UsageError(f"source '{source.name}': {path} is not there; --data names the folder of the recipe's files")
    kind = _FORMATS.get(path.suffix.lower(), "parquet" if path.is_dir() else None)
    if kind is None:
        raise UsageError(f"source '{source.name}': {path} is neither Parquet (.parquet) nor CSV (.csv)")
    try:
        table = ds.dataset(path, format=kind).to_table()
    except (pa.ArrowException, OSError) as error:  # its message may quote a line of the file
        raise PreparationError(f"source '{source.name}': {path} cannot be read ({type(error).__name__})") from None
    return table, str(source.path), _digest(path)


def _digest(path: Path) -> str:
    """The SHA-256 of a file, or of those of a folder's files one after the other."""
    if path.is_file():
        with path.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    parts = "\n".join(_digest(file) for file in sorted(path.rglob("*")) if file.is_file())
    return f"sha256:{hashlib.sha256(parts.encode()).hexdigest()}"


def _from_hub(hub: Hub) -> tuple[pa.Table, str, str]:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        from datasets import load_dataset
    except ImportError:
        raise UsageError(f"the data set {hub.name} lies on the hub: pip install 'mh-batch[prepare]'") from None
    try:
        loaded = load_dataset(hub.name, hub.config, split=hub.split, revision=hub.revision)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the data set {hub.name} cannot be had from the hub ({type(error).__name__}): check its name, revision "
            "and split, and the connection, or give the recipe a path to a copy of it"
        ) from None
    return loaded.with_format("arrow")[:], f"https://huggingface.co/datasets/{hub.name}", f"revision:{hub.revision}"

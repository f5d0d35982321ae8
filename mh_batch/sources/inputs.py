"""Inputs by their names: files of some format, or a table by its format and its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mh_batch.errors import UsageError

# Tables whose own log says which rows they hold, and what pins one version of them in their names.
DELTA, ICEBERG = "delta", "iceberg"
_VERSION = {DELTA: re.compile(r"^(.+)@v(\d+)$"), ICEBERG: re.compile(r"^(.+)@(\d+)$")}

# A table of Spark's catalog, by its name there.
TABLE = "table"

PARQUET, CSV, JSON = "parquet", "csv", "json"

# Formats of files that Spark reads without a further package, and what else people call them.
FILE_FORMATS = (PARQUET, CSV, JSON, "orc", "avro")
_ALIASES = {"jsonl": JSON, "ndjson": JSON}
_PREFIXES = (DELTA, ICEBERG, TABLE, *FILE_FORMATS, *_ALIASES)

_PREFIX = re.compile(r"^([a-z]+):(.*)$", re.DOTALL)
_ENDING = re.compile(r"\.(csv|tsv|json|jsonl|ndjson)(\.(gz|bz2|zst|zstd|lz4|snappy|deflate))?/?$", re.IGNORECASE)


@dataclass(frozen=True)
class Input:
    """An input of a run.

    Attributes:
        given: As it was given.
        format: The format of its files, or the kind of table.
        location: Where it lies; empty where the options say so, as for a database.
        version: The version that was asked for.
        options: For Spark's reader.
    """

    given: str
    format: str
    location: str
    version: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def parse_input(given: str, format: str | None = None, options: Mapping[str, str] | None = None) -> Input:
    """Say what an input is, by its prefix (`delta:`, `iceberg:`, `table:`, `csv:`), by `format`, or by its ending.

    Args:
        given: Such as `texts/*.parquet`, `delta:s3a://lake/texts@v12` or `iceberg:catalog.db.table`.
        format: Of inputs that do not say so by a prefix: any that Spark knows.
        options: For Spark's reader of such inputs.

    Raises:
        UsageError: it names nothing, or is a table by a format that is given otherwise.
    """
    options = options or {}
    found = _PREFIX.match(given)
    if found and found[1] in _PREFIXES:
        prefix, location = found[1], found[2]
        if not location.strip():
            raise UsageError(f"--input {given} names nothing: give what to read after '{prefix}:'")
        of_table = _VERSION.get(prefix)
        pinned = of_table.match(location) if of_table else None
        if pinned:
            return Input(given, prefix, pinned[1], int(pinned[2]))
        if prefix in (DELTA, ICEBERG, TABLE, PARQUET):
            return Input(given, prefix, location)
        return Input(given, _ALIASES.get(prefix, prefix), location, options={**_options_of_ending(location), **options})
    if format is not None:
        lower = format.lower()
        known = _ALIASES.get(lower, lower if lower in _PREFIXES else format)
        if known in (DELTA, ICEBERG):
            raise UsageError(f"a table is named by its prefix: --input {known}:{given}")
    else:
        ending = _ENDING.search(given)
        known = PARQUET if ending is None else _format_of(ending[1])
    if known == PARQUET:
        return Input(given, known, given)
    return Input(given, known, given, options={**_options_of_ending(given), **options})


def _format_of(ending: str) -> str:
    return JSON if ending.lower() in (JSON, *_ALIASES) else CSV


def _options_of_ending(location: str) -> Mapping[str, str]:
    ending = _ENDING.search(location)
    return {"sep": "\t"} if ending and ending[1].lower() == "tsv" else {}

"""The kinds of values that the columns of a Parquet file hold.

The file's own schema is asked, not Arrow's: where Arrow has no type for one column it has none for any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pyspark.sql import types as T


class Sort(StrEnum):
    """Sorts of values that a document can be made of, in the words of messages."""

    STRING = "string"
    BINARY = "binary"
    INTEGER = "integer"
    UUID = "UUID"
    TIMESTAMP = "timestamp"
    NANOSECONDS = "timestamp in nanoseconds"
    DATE = "date"
    STRINGS = "array<string>"
    NOTHING = "nothing"
    OTHER = "other"


@dataclass(frozen=True)
class Kind:
    """The sort and the type of a column's values.

    Attributes:
        sort: The sort of its values.
        name: Its type, in Spark's words.
    """

    sort: Sort
    name: str = ""

    @property
    def spark(self) -> T.DataType:
        """As what Spark reads it (needs pyspark)."""
        from mh_batch.sources.spark_types import spark_type

        return spark_type(self)


# No value at all: written where a column, or all its values, are missing.
NOTHING = Kind(Sort.NOTHING)

# What a folder's name says.
FOLDER = Kind(Sort.STRING, "string")

_LINE = re.compile(
    r"^(?P<indent> +)(?P<repetition>required|optional|repeated) (?P<type>\S+) field_id=(?P<id>-?\d+) (?P<rest>.*)$"
)
# As Spark reads integers of so many bits, signed or not.
_INTEGERS = {
    (8, True): "tinyint",
    (16, True): "smallint",
    (32, True): "int",
    (64, True): "bigint",
    (8, False): "smallint",
    (16, False): "int",
    (32, False): "bigint",
    (64, False): "decimal(20,0)",
}
_PLAIN = {
    "BYTE_ARRAY": Kind(Sort.BINARY, "binary"),
    "INT32": Kind(Sort.INTEGER, "int"),
    "INT64": Kind(Sort.INTEGER, "bigint"),
    "INT96": Kind(Sort.TIMESTAMP, "timestamp"),
}
# What Spark calls Arrow's types, where it calls them something else.
_SPARK_WORDS = {
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "bool": "boolean",
    "large_string": "string",
    "date32[day]": "date",
}
_SPARK_DIGITS = 38


@dataclass(frozen=True)
class FileColumn:
    """A column of a file, at the top of its schema.

    Attributes:
        name: Its name.
        kind: What it holds.
        leaves: Where its values lie, as numbers of the columns that Parquet stores.
        field_id: The number by which Iceberg knows it; -1 if it has none.
    """

    name: str
    kind: Kind
    leaves: range
    field_id: int = -1


@dataclass(frozen=True)
class _Line:
    indent: int
    repeated: bool
    field_id: int
    rest: str

    @property
    def is_leaf(self) -> bool:
        return self.rest.endswith(";")


def columns_of(schema: pq.ParquetSchema) -> list[FileColumn]:
    """Return the columns at the top of a file's schema, in their order; two may have one name."""
    lines = [_line(found) for found in map(_LINE.match, str(schema).splitlines()) if found]
    if sum(line.is_leaf for line in lines) != len(schema):  # a name of more than one line
        flat = [number for number in range(len(schema)) if not schema.column(number).max_repetition_level]
        return [_flat(schema, number) for number in flat]
    columns: list[FileColumn] = []
    first, tops = 0, [number for number, line in enumerate(lines) if line.indent == 2]
    for number, end in zip(tops, [*tops[1:], len(lines)], strict=True):
        block = lines[number:end]
        leaves = range(first, first + sum(line.is_leaf for line in block))
        first = leaves.stop
        if len(leaves):
            columns.append(replace(_column(schema, block, leaves, len(columns)), field_id=block[0].field_id))
    return columns


def _line(found: re.Match[str]) -> _Line:
    return _Line(len(found["indent"]), found["repetition"] == "repeated", int(found["id"]), found["rest"])


def _column(schema: pq.ParquetSchema, block: Sequence[_Line], leaves: range, number: int) -> FileColumn:
    leaf = schema.column(leaves.start)
    if block[0].is_leaf and not block[0].repeated:
        return _flat(schema, leaves.start)
    name = leaf.path if block[0].is_leaf else _group_name(leaf.path, block[0].rest)
    if _is_list(block, leaf.path.removeprefix(f"{name}.").split(".")[0], name):
        element = _leaf_kind(leaf)
        if element.sort is Sort.STRING:
            return FileColumn(name, Kind(Sort.STRINGS, "array<string>"), leaves)
        if element.sort is Sort.NOTHING:
            return FileColumn(name, NOTHING, leaves)
    return FileColumn(name, Kind(Sort.OTHER, name=_nested_type(schema, number)), leaves)


def _flat(schema: pq.ParquetSchema, number: int) -> FileColumn:
    leaf = schema.column(number)
    return FileColumn(leaf.path, _leaf_kind(leaf), range(number, number + 1))


def _group_name(path: str, rest: str) -> str:
    """A group's name, which may have dots of its own: what both the path to a leaf and the group's line begin with."""
    ends = [found.start() for found in re.finditer(r"\.", path)]
    return next((path[:end] for end in ends if re.match(re.escape(path[:end]) + r"( \(.*\))? \{$", rest)), path)


def _is_list(block: Sequence[_Line], inner: str, name: str) -> bool:
    """Whether a group is a list of plain values, by the rules of Parquet for old and new writers."""
    if block[0].is_leaf:
        return block[0].repeated
    if not block[0].rest.endswith("(List) {") or len(block) < 2 or not block[1].repeated:
        return False
    if block[1].is_leaf:
        return len(block) == 2
    return len(block) == 3 and block[2].is_leaf and not block[2].repeated and inner not in ("array", f"{name}_tuple")


def _leaf_kind(leaf: pq.ColumnSchema) -> Kind:
    logical = json.loads(leaf.logical_type.to_json())
    match logical["Type"]:
        case "None":
            return _PLAIN.get(leaf.physical_type, Kind(Sort.OTHER, name=_plain_name(leaf)))
        case "String" | "Enum" | "JSON":
            return FOLDER
        case "Null":
            return NOTHING
        case "UUID":
            return Kind(Sort.UUID, "UUID")
        case "Date":
            return Kind(Sort.DATE, "date")
        case "Int":
            return _integer(int(logical["bitWidth"]), bool(logical["isSigned"]))
        case "Decimal":
            return _decimal(int(logical["precision"]), int(logical["scale"]))
        case "Timestamp":
            return _timestamp(logical)
    return Kind(Sort.OTHER, name=str(logical["Type"]).lower())


def _integer(bits: int, signed: bool) -> Kind:
    name = _INTEGERS.get((bits, signed))
    return Kind(Sort.OTHER, f"an integer of {bits} bits") if name is None else Kind(Sort.INTEGER, name)


def _decimal(precision: int, scale: int) -> Kind:
    name = f"decimal({precision},{scale})"
    return Kind(Sort.OTHER if scale or precision > _SPARK_DIGITS else Sort.INTEGER, name)


def _timestamp(logical: dict[str, object]) -> Kind:
    if logical["timeUnit"] == "nanoseconds":
        return Kind(Sort.NANOSECONDS, "timestamp in nanoseconds")
    return Kind(Sort.TIMESTAMP, "timestamp" if logical["isAdjustedToUTC"] else "timestamp_ntz")


def _plain_name(leaf: pq.ColumnSchema) -> str:
    kind: str = leaf.physical_type
    return f"binary of {leaf.length} bytes" if kind == "FIXED_LEN_BYTE_ARRAY" else kind.lower()


def _nested_type(schema: pq.ParquetSchema, number: int) -> str:
    try:
        return _in_sparks_words(schema.to_arrow_schema().field(number).type)
    except pa.ArrowException:
        return "nested"


def _in_sparks_words(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{_in_sparks_words(field.type)}' for field in kind)}>"
    if pa.types.is_map(kind):
        return f"map<{_in_sparks_words(kind.key_type)},{_in_sparks_words(kind.item_type)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return f"array<{_in_sparks_words(kind.value_type)}>"
    return _SPARK_WORDS.get(str(kind), str(kind))

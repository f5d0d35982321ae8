"""What a column of a Parquet file holds, and as what Spark reads it.

The file's own schema is asked, not Arrow's: where Arrow has no type for one column it has none for any.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import types as T
from pyspark.sql.pandas.types import from_arrow_type


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
    """What a column holds.

    Attributes:
        sort: The sort of its values.
        spark: As what Spark reads it.
        name: Its type, for a message.
    """

    sort: Sort
    spark: T.DataType = T.NullType()  # noqa: RUF009 - it has no state
    name: str = ""


# No value at all: written where a column, or all its values, are missing.
NOTHING = Kind(Sort.NOTHING)

# What a folder's name says.
FOLDER = Kind(Sort.STRING, T.StringType(), "string")

_LINE = re.compile(
    r"^(?P<indent> +)(?P<repetition>required|optional|repeated) (?P<type>\S+) field_id=(?P<id>-?\d+) (?P<rest>.*)$"
)
_INTEGERS: dict[tuple[int, bool], T.DataType] = {
    (8, True): T.ByteType(),
    (16, True): T.ShortType(),
    (32, True): T.IntegerType(),
    (64, True): T.LongType(),
    (8, False): T.ShortType(),
    (16, False): T.IntegerType(),
    (32, False): T.LongType(),
    (64, False): T.DecimalType(20, 0),
}
_PLAIN = {
    "BYTE_ARRAY": Kind(Sort.BINARY, T.BinaryType(), "binary"),
    "INT32": Kind(Sort.INTEGER, T.IntegerType(), "int"),
    "INT64": Kind(Sort.INTEGER, T.LongType(), "bigint"),
    "INT96": Kind(Sort.TIMESTAMP, T.TimestampType(), "timestamp"),
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
            return FileColumn(name, Kind(Sort.STRINGS, T.ArrayType(T.StringType()), "array<string>"), leaves)
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
            return Kind(Sort.UUID, T.BinaryType(), "UUID")
        case "Date":
            return Kind(Sort.DATE, T.DateType(), "date")
        case "Int":
            return _integer(int(logical["bitWidth"]), bool(logical["isSigned"]))
        case "Decimal":
            return _decimal(int(logical["precision"]), int(logical["scale"]))
        case "Timestamp":
            return _timestamp(logical)
    return Kind(Sort.OTHER, name=str(logical["Type"]).lower())


def _integer(bits: int, signed: bool) -> Kind:
    spark = _INTEGERS.get((bits, signed))
    if spark is None:
        return Kind(Sort.OTHER, name=f"an integer of {bits} bits")
    return Kind(Sort.INTEGER, spark, spark.simpleString())


def _decimal(precision: int, scale: int) -> Kind:
    name = f"decimal({precision},{scale})"
    if scale or precision > _SPARK_DIGITS:
        return Kind(Sort.OTHER, name=name)
    return Kind(Sort.INTEGER, T.DecimalType(precision, 0), name)


def _timestamp(logical: dict[str, object]) -> Kind:
    if logical["timeUnit"] == "nanoseconds":  # Spark has no type for them, and reads the number
        return Kind(Sort.NANOSECONDS, T.LongType(), "timestamp in nanoseconds")
    spark: T.DataType = T.TimestampType() if logical["isAdjustedToUTC"] else T.TimestampNTZType()
    return Kind(Sort.TIMESTAMP, spark, spark.simpleString())


def _plain_name(leaf: pq.ColumnSchema) -> str:
    kind: str = leaf.physical_type
    return f"binary of {leaf.length} bytes" if kind == "FIXED_LEN_BYTE_ARRAY" else kind.lower()


def _nested_type(schema: pq.ParquetSchema, number: int) -> str:
    try:
        return str(from_arrow_type(schema.to_arrow_schema().field(number).type).simpleString())
    except (pa.ArrowException, PySparkException):
        return "nested"

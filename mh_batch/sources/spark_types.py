"""The types as which Spark reads the columns of Parquet files, and what columns of its types hold."""

import re

from pyspark.sql import types as T

from mh_batch.sources.kinds import FOLDER, NOTHING, Kind, Sort

_BY_SORT: dict[Sort, T.DataType] = {
    Sort.BINARY: T.BinaryType(),
    Sort.DATE: T.DateType(),
    # It has no type for nanoseconds, and reads the number.
    Sort.NANOSECONDS: T.LongType(),
    Sort.NOTHING: T.NullType(),
    Sort.OTHER: T.NullType(),
    Sort.STRING: T.StringType(),
    Sort.STRINGS: T.ArrayType(T.StringType()),
    Sort.UUID: T.BinaryType(),
}
_BY_NAME: dict[str, T.DataType] = {
    kind.simpleString(): kind
    for kind in (
        T.ByteType(),
        T.ShortType(),
        T.IntegerType(),
        T.LongType(),
        T.TimestampType(),
        T.TimestampNTZType(),
    )
}
_SORTS: dict[type[T.DataType], Sort] = {
    T.BinaryType: Sort.BINARY,
    T.ByteType: Sort.INTEGER,
    T.ShortType: Sort.INTEGER,
    T.IntegerType: Sort.INTEGER,
    T.LongType: Sort.INTEGER,
    T.TimestampType: Sort.TIMESTAMP,
    T.TimestampNTZType: Sort.TIMESTAMP,
    T.DateType: Sort.DATE,
}
_DECIMAL = re.compile(r"decimal\((\d+),0\)")


def spark_type(kind: Kind) -> T.DataType:
    """Return as what Spark reads a column."""
    if kind.sort in _BY_SORT:
        return _BY_SORT[kind.sort]
    digits = _DECIMAL.fullmatch(kind.name)
    return T.DecimalType(int(digits[1]), 0) if digits else _BY_NAME[kind.name]


def kind_of(type_: T.DataType) -> Kind:
    """Return what a column of a type of Spark's holds."""
    if isinstance(type_, T.StringType | T.CharType | T.VarcharType):
        return FOLDER
    if isinstance(type_, T.NullType) or (isinstance(type_, T.ArrayType) and isinstance(type_.elementType, T.NullType)):
        return NOTHING
    sort = _SORTS.get(type(type_), Sort.OTHER)
    if isinstance(type_, T.ArrayType) and isinstance(type_.elementType, T.StringType):
        sort = Sort.STRINGS
    if isinstance(type_, T.DecimalType) and type_.scale == 0:
        sort = Sort.INTEGER
    return Kind(sort, type_.simpleString())

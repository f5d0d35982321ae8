"""The types as which Spark reads the columns of Parquet files."""

import re

from pyspark.sql import types as T

from mh_batch.corpus.kinds import Kind, Sort

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
_DECIMAL = re.compile(r"decimal\((\d+),0\)")


def spark_type(kind: Kind) -> T.DataType:
    """Return as what Spark reads a column."""
    if kind.sort in _BY_SORT:
        return _BY_SORT[kind.sort]
    digits = _DECIMAL.fullmatch(kind.name)
    return T.DecimalType(int(digits[1]), 0) if digits else _BY_NAME[kind.name]

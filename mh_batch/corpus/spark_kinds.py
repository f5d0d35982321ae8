"""What a column holds by the type that Spark gives it."""

from pyspark.sql import types as T

from mh_batch.corpus.kinds import FOLDER, NOTHING, Kind, Sort

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


def kind_of(type_: T.DataType) -> Kind:
    """Return what a column of a Spark type holds."""
    if isinstance(type_, T.StringType | T.CharType | T.VarcharType):
        return FOLDER
    if isinstance(type_, T.NullType) or (isinstance(type_, T.ArrayType) and isinstance(type_.elementType, T.NullType)):
        return NOTHING
    sort = _SORTS.get(type(type_), Sort.OTHER)
    if isinstance(type_, T.ArrayType) and isinstance(type_.elementType, T.StringType):
        sort = Sort.STRINGS
    if isinstance(type_, T.DecimalType) and type_.scale == 0:
        sort = Sort.INTEGER
    return Kind(sort, type_, type_.simpleString())

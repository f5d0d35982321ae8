"""Parquet in, document columns out."""

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from mh_batch.errors import ConsentError, CorpusError, nearest
from mh_batch.storage import file_system_of
from mh_batch.validation import Column, load_contract

_TEXTUAL = (T.StringType, T.BinaryType)
_IDENTIFYING = (T.StringType, T.IntegerType, T.LongType)
_DATED = (T.TimestampType, T.TimestampNTZType, T.DateType, T.StringType)
_ACCEPTED: dict[str, tuple[type[T.DataType], ...]] = {
    "doc_id": _IDENTIFYING,
    "text": _TEXTUAL,
    "author_id": _IDENTIFYING,
    "created_at": _DATED,
    "consent": (T.ArrayType,),
}

# Spark reads a bare time such as "12:30" as today's: without a year in front it is no date.
_STARTS_WITH_YEAR = r"^\s*\d{4}(-|\s*$)"
_WORD = r"^[A-Za-z]{2,12}$"
_LANGUAGE_TAG = r"^\s*([A-Za-z]{2,3})(?:[-_].*)?\s*$"


def read_corpus(
    spark: SparkSession, inputs: Iterable[str], columns: Mapping[str, str], consent_basis: str | None
) -> DataFrame:
    """Read the inputs and map them to the columns of the document contract.

    Args:
        spark: The session.
        inputs: Parquet files, folders or globs, on any file system that Spark reads.
        columns: Contract name to the corpus' own name, where they differ.
        consent_basis: Why texts may be used that carry no consent.

    Returns:
        One row per input row, unread as yet: the contract's columns, and `bad_date`, `may_use`, `source_file` and
        `source_row` (position in its file).

    Raises:
        CorpusError: an input is missing or unreadable, or a column is missing or of a wrong type.
        ConsentError: an input has no consent column and `consent_basis` is None.
    """
    frames = [_read_one(spark, path, columns, consent_basis) for path in inputs]
    combined = frames[0]
    for frame in frames[1:]:
        combined = combined.unionByName(frame)
    return combined


def _read_one(spark: SparkSession, path: str, columns: Mapping[str, str], consent_basis: str | None) -> DataFrame:
    frame = _open(spark, path)
    types = {field.name: field.dataType for field in frame.schema}
    names = _column_names(frame, path, columns)
    if "consent" not in names and consent_basis is None:
        raise ConsentError(
            f"{path} has no 'consent' column, so nothing says that its texts may be used. "
            'Map one with --columns consent=NAME, or state the ground with --consent-basis "..."'
        )
    return frame.select(
        *[_column(column, names, types).alias(column.name) for column in load_contract("documents").columns],
        _bad_date(names, types).alias("bad_date"),
        _may_use(names).alias("may_use"),
        F.element_at(F.split("_metadata.file_path", "/"), -1).alias("source_file"),
        F.col("_metadata.file_path").alias("source_path"),
        F.col("_metadata.row_index").alias("source_row"),
    )


def _open(spark: SparkSession, path: str) -> DataFrame:
    try:
        # Without merging, one file's columns would stand for all: another's consent could go unread.
        return spark.read.option("mergeSchema", "true").parquet(path)
    except (PySparkException, Py4JError) as error:
        raise CorpusError(f"{path} cannot be read as Parquet: {_cause(error)}") from None


def _cause(error: PySparkException | Py4JError) -> str:
    known = {
        "PATH_NOT_FOUND": "there is no such file or folder",
        "UNABLE_TO_INFER_SCHEMA": "it holds no Parquet file",
        "CANNOT_MERGE_SCHEMAS": "its files disagree on the type of a column",
    }
    # Some failures come as bare Java exceptions, which name the condition only in their message.
    message = str(error)
    return next(
        (cause for condition, cause in known.items() if condition in message), "it is damaged or no Parquet file"
    )


def _column_names(frame: DataFrame, path: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Contract name to the input's own name, for those that the input has."""
    names = {}
    types = frame.columns
    for column in load_contract("documents").columns:
        name = columns.get(column.name, column.name)
        if name in types:
            _check_type(frame, path, column.name, name)
            names[column.name] = name
        elif column.name in columns:
            raise CorpusError(f"{path} has no column '{name}', given for '{column.name}': {nearest(name, types)}")
        elif not column.optional:
            raise CorpusError(
                f"{path} has no column '{name}': {nearest(name, types)}; map it with --columns {column.name}=NAME"
            )
    return names


def _check_type(frame: DataFrame, path: str, column: str, name: str) -> None:
    found = frame.schema[name].dataType
    if isinstance(found, T.ArrayType) and not isinstance(found.elementType, T.StringType):
        raise CorpusError(f"{path}: column '{name}' ({column}) is {found.simpleString()}, expected array<string>")
    if isinstance(found, _ACCEPTED.get(column, _IDENTIFYING)):
        return
    if column == "created_at" and isinstance(found, T.LongType) and _holds_nanoseconds(frame, name):
        return
    wanted = " or ".join(kind.typeName() for kind in _ACCEPTED.get(column, _IDENTIFYING))
    raise CorpusError(f"{path}: column '{name}' ({column}) is {found.simpleString()}, expected {wanted}")


def _holds_nanoseconds(frame: DataFrame, name: str) -> bool:
    """Pandas writes timestamps in nanoseconds, which Spark knows only as integers: the file itself tells them apart."""
    file_system, path = file_system_of(frame.inputFiles()[0])
    return bool(pa.types.is_timestamp(pq.read_schema(path, filesystem=file_system).field(name).type))


def _column(column: Column, names: Mapping[str, str], types: Mapping[str, T.DataType]) -> SparkColumn:
    if column.name not in names:
        return F.lit(None).cast(_spark_name(column))
    value = _quoted(names[column.name])
    if column.name == "created_at":
        return _timestamp(value, types[names[column.name]])
    if column.name == "language":
        return _language_code(F.make_valid_utf8(value.cast("string")))
    if column.name == "text":
        return value.cast("string")
    if column.type == "string":
        return value.cast("string") if column.name == "doc_id" else F.make_valid_utf8(value.cast("string"))
    return value


def _spark_name(column: Column) -> str:
    return "bigint" if column.type == "long" else column.type


def _quoted(name: str) -> SparkColumn:
    return F.col("`" + name.replace("`", "``") + "`")


def _timestamp(value: SparkColumn, found: T.DataType) -> SparkColumn:
    if isinstance(found, T.StringType):
        value = F.when(value.rlike(_STARTS_WITH_YEAR), value)
    if isinstance(found, T.LongType):
        value = F.timestamp_micros(F.call_function("div", value - F.pmod(value, F.lit(1000)), F.lit(1000)))
    stamp = value.try_cast("timestamp")
    # Later years have no place in Python's and pandas' calendars.
    return F.when(F.year(stamp).between(1, 9999), stamp)


def _bad_date(names: Mapping[str, str], types: Mapping[str, T.DataType]) -> SparkColumn:
    if "created_at" not in names:
        return F.lit(False)
    value = _quoted(names["created_at"])
    return value.isNotNull() & _timestamp(value, types[names["created_at"]]).isNull()


def _language_code(value: SparkColumn) -> SparkColumn:
    """`pt-BR` and `PT` are `pt`; an empty string says nothing; a word stays, to be rejected by its name.

    Anything else becomes `unreadable`: it may be text, and what stands here is repeated in outputs.
    """
    code = F.regexp_extract(value, _LANGUAGE_TAG, 1)
    word = F.when(F.trim(value).rlike(_WORD), F.trim(value)).otherwise(F.lit("unreadable"))
    return F.lower(F.when(F.trim(value) != "", F.when(code != "", code).otherwise(word)))


def _may_use(names: Mapping[str, str]) -> SparkColumn:
    if "consent" not in names:
        return F.lit(True)
    return F.coalesce(F.array_contains(_quoted(names["consent"]), "research"), F.lit(False))

"""From the columns that a corpus has to those of the document contract, as Spark expressions."""

from collections.abc import Mapping

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F
from pyspark.sql import types as T

from mh_batch.consent.rules import RESEARCH, ConsentRule
from mh_batch.validation import Column

# Spark reads a bare time such as "12:30" as today's: without a year in front it is no date.
_STARTS_WITH_YEAR = r"^\s*\d{4}(-|\s*$)"
_WORD = r"^[A-Za-z]{2,12}$"
_LANGUAGE_TAG = r"^\s*([A-Za-z]{2,3})(?:[-_].*)?\s*$"


def as_contract(column: Column, names: Mapping[str, str], types: Mapping[str, T.DataType]) -> SparkColumn:
    """Return a column of the contract; null where the files lack it.

    Args:
        column: The contract's column.
        names: Contract name to the files' own name.
        types: The files' types by their own names.
    """
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


def bad_date(names: Mapping[str, str], types: Mapping[str, T.DataType]) -> SparkColumn:
    """Return whether something stands for a date and is none; arguments as for `as_contract`."""
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


def kept_out(names: Mapping[str, str]) -> SparkColumn:
    """Return the rule that keeps a document out, as its own consent says; null where that lists research.

    Where other files carry consent, a file without gives none.
    """
    listed = F.array_contains(_quoted(names["consent"]), RESEARCH) if "consent" in names else F.lit(False)
    return F.when(~F.coalesce(listed, F.lit(False)), ConsentRule.NOT_LISTED.value)

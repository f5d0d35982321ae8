"""From the columns that a corpus has to those of the document contract, as Spark expressions.

The corpus' columns stand under the names that the contract gives them.
"""

from collections.abc import Mapping

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from mh_batch.consent.rules import RESEARCH, ConsentRule
from mh_batch.contracts import Column
from mh_batch.contracts.loading import spark_type
from mh_batch.corpus.dates import read_timestamp
from mh_batch.sources.kinds import Kind, Sort

_WORD = r"^[A-Za-z]{2,12}$"
_LANGUAGE_TAG = r"^\s*([A-Za-z]{2,3})(?:[-_].*)?\s*$"
_UUID_PARTS = (1, 8), (9, 4), (13, 4), (17, 4), (21, 12)

# What a column may be made of; the others are identifiers, or words for groups.
_IDENTIFIERS = (Sort.STRING, Sort.INTEGER, Sort.UUID)
_ACCEPTED: Mapping[str, tuple[Sort, ...]] = {
    "text": (Sort.STRING, Sort.BINARY),
    "created_at": (Sort.TIMESTAMP, Sort.NANOSECONDS, Sort.DATE, Sort.STRING),
    "consent": (Sort.STRINGS,),
}


def accepted(column: str) -> tuple[Sort, ...]:
    """The sorts of values that a column of the contract is made of, besides none at all."""
    return _ACCEPTED.get(column, _IDENTIFIERS)


def as_contract(column: Column, kinds: Mapping[str, Kind]) -> SparkColumn:
    """Return a column of the contract; null where the files lack it.

    Args:
        column: The contract's column.
        kinds: What the corpus' columns hold, by the contract's names.
    """
    kind = kinds.get(column.name)
    if kind is None or kind.sort is Sort.NOTHING:
        return F.lit(None).cast(spark_type(column))
    value = F.col(column.name)
    if column.name == "created_at":
        return _timestamp(value, kind)
    if column.name in ("doc_id", "text"):  # what is no UTF-8 in them is a reason to reject
        return _string(value, kind)
    if column.name == "language":
        return _language_code(F.make_valid_utf8(_string(value, kind)))
    return F.make_valid_utf8(_string(value, kind)) if column.type == "string" else value


def bad_date(kinds: Mapping[str, Kind]) -> SparkColumn:
    """Return whether something stands for a date and is none."""
    kind = kinds.get("created_at")
    if kind is None or kind.sort is Sort.NOTHING:
        return F.lit(False)
    value = F.col("created_at")
    return value.isNotNull() & _timestamp(value, kind).isNull()


def _string(value: SparkColumn, kind: Kind) -> SparkColumn:
    if kind.sort is Sort.UUID:
        digits = F.lower(F.hex(value))
        return F.when(value.isNotNull(), F.concat_ws("-", *[F.substring(digits, *part) for part in _UUID_PARTS]))
    return value.cast("string")


def _timestamp(value: SparkColumn, kind: Kind) -> SparkColumn:
    if kind.sort is Sort.NANOSECONDS:
        value = F.timestamp_micros(F.call_function("div", value - F.pmod(value, F.lit(1000)), F.lit(1000)))
    stamp = read_timestamp(value) if kind.sort is Sort.STRING else value.try_cast("timestamp")
    # Later years have no place in Python's and pandas' calendars.
    return F.when(F.year(stamp).between(1, 9999), stamp)


def _language_code(value: SparkColumn) -> SparkColumn:
    """`pt-BR` and `PT` are `pt`; an empty string says nothing; a word stays, to be rejected by its name.

    Anything else becomes `unreadable`: it may be text, and what stands here is repeated in outputs.
    """
    code = F.regexp_extract(value, _LANGUAGE_TAG, 1)
    word = F.when(F.trim(value).rlike(_WORD), F.trim(value)).otherwise(F.lit("unreadable"))
    return F.lower(F.when(F.trim(value) != "", F.when(code != "", code).otherwise(word)))


def kept_out(kinds: Mapping[str, Kind]) -> SparkColumn:
    """Return the rule that keeps a document out, as its own consent says; null where that lists research.

    Where other files carry consent, a file without gives none.
    """
    kind = kinds.get("consent")
    says = kind is not None and kind.sort is not Sort.NOTHING
    listed = F.array_contains("consent", RESEARCH) if says else F.lit(False)
    return F.when(~F.coalesce(listed, F.lit(False)), ConsentRule.NOT_LISTED.value)

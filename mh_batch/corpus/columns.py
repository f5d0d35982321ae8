"""From the columns that a corpus has to those of the document contract, as Spark expressions.

The corpus' columns stand under the names that the contract gives them.
"""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column as SparkColumn, functions as F

from mh_batch.consent import RESEARCH, ConsentRule
from mh_batch.contracts import Column
from mh_batch.sources.kinds import Kind, Sort

# Spark reads a bare time such as "12:30" as today's: without a year in front it is no date.
_STARTS_WITH_YEAR = r"^\s*\d{4}(-|\s*$)"

# What ISO 8601 allows and Spark does not know: no hyphens or colons, weeks, days of the year, a comma, midnight at 24.
# Hyphens stand everywhere or nowhere in a date, and so do colons in a time.
_ISO = (
    r"^\s*(\d{4})(-?)(?:(\d{2})\2(\d{2})|W(\d{2})(?:\2(\d))?|(\d{3}))"
    r"(?:[T ](\d{2})(?:(:?)(\d{2})(?:\9(\d{2})(?:[.,](\d+))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?\s*$"
)
_YEAR, _MONTH, _DAY, _WEEK, _WEEKDAY, _ORDINAL = 1, 3, 4, 5, 6, 7
_HOUR, _MINUTE, _SECOND, _FRACTION, _ZONE = 8, 10, 11, 12, 13

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
        return F.lit(None).cast(column.spark_type)
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


def read_timestamp(written: SparkColumn) -> SparkColumn:
    """Return the time that a text says, UTC where it names no zone; null where it says none."""
    plain = F.when(written.rlike(_STARTS_WITH_YEAR), written).try_cast("timestamp")
    return F.coalesce(plain, _iso(written))


def _iso(written: SparkColumn) -> SparkColumn:
    parts = [F.regexp_extract(written, _ISO, number) for number in range(_ZONE + 1)]
    hour, minute, second, fraction = (parts[number] for number in (_HOUR, _MINUTE, _SECOND, _FRACTION))
    day = F.coalesce(_calendar_day(parts), _day_of_week(parts), _day_of_year(parts))
    is_end, is_midnight = hour == "24", F.concat(minute, second, fraction).rlike("^0*$")
    on = F.when(~is_end, day).when(is_midnight, F.date_add(day, 1))
    clock = F.concat_ws(":", F.when(is_end, F.lit("00")).otherwise(_or_zero(hour)), _or_zero(minute), _or_zero(second))
    zone = F.when(parts[_ZONE].rlike(r"^[+-]\d{2}$"), F.concat(parts[_ZONE], F.lit(":00"))).otherwise(parts[_ZONE])
    stamp = F.concat(on.cast("string"), F.lit("T"), clock, F.lit("."), _or_zero(fraction), zone)
    return stamp.try_cast("timestamp")


def _or_zero(digits: SparkColumn) -> SparkColumn:
    return F.when(digits == "", F.lit("00")).otherwise(digits)


def _calendar_day(parts: Sequence[SparkColumn]) -> SparkColumn:
    return F.concat_ws("-", parts[_YEAR], parts[_MONTH], parts[_DAY]).try_cast("date")


def _day_of_week(parts: Sequence[SparkColumn]) -> SparkColumn:
    """The day of a week of a year, Monday where none is named: a year's first week has its fourth of January."""
    week, weekday = parts[_WEEK].try_cast("int"), F.coalesce(parts[_WEEKDAY].try_cast("int"), F.lit(1))
    first = F.trunc(F.concat(parts[_YEAR], F.lit("-01-04")).try_cast("date"), "week")
    day = F.date_add(first, (week - 1) * 7 + weekday - 1)
    return F.when(weekday.between(1, 7) & (F.weekofyear(day) == week), day)


def _day_of_year(parts: Sequence[SparkColumn]) -> SparkColumn:
    number = parts[_ORDINAL].try_cast("int")
    day = F.date_add(F.concat(parts[_YEAR], F.lit("-01-01")).try_cast("date"), number - 1)
    return F.when(F.year(day) == parts[_YEAR].try_cast("int"), day)

"""Dates as people and ISO 8601 write them, as Spark expressions."""

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

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


def read_timestamp(written: Column) -> Column:
    """Return the time that a text says, UTC where it names no zone; null where it says none."""
    plain = F.when(written.rlike(_STARTS_WITH_YEAR), written).try_cast("timestamp")
    return F.coalesce(plain, _iso(written))


def _iso(written: Column) -> Column:
    parts = [F.regexp_extract(written, _ISO, number) for number in range(_ZONE + 1)]
    hour, minute, second, fraction = (parts[number] for number in (_HOUR, _MINUTE, _SECOND, _FRACTION))
    day = F.coalesce(_calendar_day(parts), _day_of_week(parts), _day_of_year(parts))
    is_end, is_midnight = hour == "24", F.concat(minute, second, fraction).rlike("^0*$")
    on = F.when(~is_end, day).when(is_midnight, F.date_add(day, 1))
    clock = F.concat_ws(":", F.when(is_end, F.lit("00")).otherwise(_or_zero(hour)), _or_zero(minute), _or_zero(second))
    zone = F.when(parts[_ZONE].rlike(r"^[+-]\d{2}$"), F.concat(parts[_ZONE], F.lit(":00"))).otherwise(parts[_ZONE])
    stamp = F.concat(on.cast("string"), F.lit("T"), clock, F.lit("."), _or_zero(fraction), zone)
    return stamp.try_cast("timestamp")


def _or_zero(digits: Column) -> Column:
    return F.when(digits == "", F.lit("00")).otherwise(digits)


def _calendar_day(parts: Sequence[Column]) -> Column:
    return F.concat_ws("-", parts[_YEAR], parts[_MONTH], parts[_DAY]).try_cast("date")


def _day_of_week(parts: Sequence[Column]) -> Column:
    """The day of a week of a year, Monday where none is named: a year's first week has its fourth of January."""
    week, weekday = parts[_WEEK].try_cast("int"), F.coalesce(parts[_WEEKDAY].try_cast("int"), F.lit(1))
    first = F.trunc(F.concat(parts[_YEAR], F.lit("-01-04")).try_cast("date"), "week")
    day = F.date_add(first, (week - 1) * 7 + weekday - 1)
    return F.when(weekday.between(1, 7) & (F.weekofyear(day) == week), day)


def _day_of_year(parts: Sequence[Column]) -> Column:
    number = parts[_ORDINAL].try_cast("int")
    day = F.date_add(F.concat(parts[_YEAR], F.lit("-01-01")).try_cast("date"), number - 1)
    return F.when(F.year(day) == parts[_YEAR].try_cast("int"), day)

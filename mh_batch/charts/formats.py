"""Numbers, dates and settings as pages write them."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from mh_batch.settings import Period

_NO_BREAK = "\N{NO-BREAK SPACE}"
_DASH = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def count(number: int | None) -> str:
    """Write a count with thousands separators: 12,345; a dash where it is unknown."""
    return _DASH if number is None else f"{number:,}"


def percent(share: float | None) -> str:
    """Write a share of 1 in per cent: 12.3 %; with a second decimal below 1 %."""
    return _DASH if share is None else f"{_per_hundred(share)}{_NO_BREAK}%"


def percent_interval(low: float, high: float) -> str:
    """Write an interval of shares in per cent: 11.9-12.7 %, with a dash."""
    return f"{_per_hundred(low)}{_DASH}{percent(high)}"


def percentage_points(difference: float) -> str:
    """Write a difference of shares in percentage points, with its sign: +1.2."""
    hundredths = round(100 * difference, 1)
    sign = "+" if hundredths > 0 else _MINUS if hundredths < 0 else ""
    return f"{sign}{abs(hundredths):.1f}"


def of_hundred(share: float) -> str:
    """Write a share as whole things out of a hundred: 93; `fewer than 1` and `more than 99` near the ends."""
    if 0 < share < 0.005:
        return "fewer than 1"
    return "more than 99" if 0.995 <= share < 1 else f"{100 * share:.0f}"


def plain(value: Any) -> str:  # noqa: ANN401 - whatever a manifest can hold
    """Write a value of the manifest on one line; a mapping as `key: value`, nothing as a dash."""
    if value is None or (isinstance(value, str | list | tuple | Mapping) and not value):
        return _DASH
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {plain(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(entry) for entry in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def moment(iso: str | None) -> str:
    """Write an ISO 8601 time in UTC to the minute: 2026-03-02 04:05 UTC."""
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else _DASH


def day(start: str) -> str:
    """Write an ISO date: 2 Mar 2026."""
    return _short(date.fromisoformat(start))


def span(first: str, last: str, period: Period) -> str:
    """Write the days from the first period's first to the last period's last one: 2 Mar 2026 to 3 May 2026.

    Args:
        first: First day of the first period, as ISO date.
        last: First day of the last one.
        period: How long each lasts.
    """
    return f"{day(first)} to {_short(next_period(date.fromisoformat(last), period) - timedelta(days=1))}"


def next_period(start: date, period: Period) -> date:
    """Return the first day of the period after the one that starts on this day."""
    if period == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def _short(when: date) -> str:
    return f"{when.day} {when:%b} {when.year}"


def _per_hundred(share: float) -> str:
    hundredths = 100 * share
    return f"{hundredths:.2f}" if 0 < hundredths < 0.995 else f"{hundredths:.1f}"

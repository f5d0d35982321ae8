"""How numbers and settings read on the page."""

from collections.abc import Mapping
from typing import Any

_NO_BREAK = "\N{NO-BREAK SPACE}"


def count(number: int) -> str:
    """Write a count with thousands separators: 12,345."""
    return f"{number:,}"


def percent(share: float) -> str:
    """Write a share of 1 in per cent: 12.3 %; with a second decimal below 1 %."""
    return f"{_per_hundred(share)}{_NO_BREAK}%"


def interval(low: float, high: float) -> str:
    """Write an interval of shares in per cent: 11.9-12.7 %, with a dash."""
    return f"{_per_hundred(low)}\N{EN DASH}{percent(high)}"


def plain(value: Any) -> str:  # noqa: ANN401 - whatever a manifest can hold
    """Write a value of the manifest on one line; a mapping as `key: value`, nothing as a dash."""
    if value is None or (isinstance(value, str | list | tuple | Mapping) and not value):
        return "\N{EN DASH}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {plain(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(entry) for entry in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def moment(iso: str | None) -> str:
    """Write an ISO 8601 time in UTC to the minute: 2026-03-02 04:05 UTC."""
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else "\N{EN DASH}"


def _per_hundred(share: float) -> str:
    hundredths = 100 * share
    return f"{hundredths:.2f}" if 0 < hundredths < 0.995 else f"{hundredths:.1f}"

"""JSON that says one thing only, and no more of it than was expected."""

import json
import math
from pathlib import Path
from typing import Any

from mh_batch.models.inspection.refusal import refused

# Enough for the "no limit" of published tokenizers, a number of 31 digits.
_MOST_DIGITS = 64


def read_json(path: Path, most_bytes: int) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        ModelError: the file is larger than `most_bytes`, cannot be read, is nested too deeply, names a key twice, or
            holds numbers that are none or too long.
    """
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise refused(path, f"it takes {size:,} bytes, and no more than {most_bytes:,} are expected")
        content = path.read_bytes()
    except OSError as error:
        raise refused(path, f"it cannot be read ({type(error).__name__})") from None
    return parse_json(content, path)


def parse_json(content: bytes, path: Path) -> dict[str, Any]:
    """Return the object that bytes from `path` describe; errors as of `read_json`."""
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_constant=_no_number,
            parse_int=_integer,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        raise refused(path, "it is not UTF-8") from None
    except RecursionError:
        raise refused(path, "it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise refused(path, f"it is not readable JSON: {error.msg}, line {error.lineno}") from None
    except _UnwantedError as error:
        raise refused(path, str(error)) from None
    if not isinstance(found, dict):
        raise refused(path, "it holds no JSON object")
    return found


class _UnwantedError(Exception):
    """JSON that Python reads, and nobody writes who means well."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _UnwantedError("it says two things under one key")
    return found


def _no_number(name: str) -> None:
    raise _UnwantedError(f"it holds {name}, which is no number")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _UnwantedError(f"it holds a number of {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _UnwantedError("it holds a number beyond all bounds")
    return number

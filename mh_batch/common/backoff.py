"""Pauses before something is tried again."""

import random
from collections.abc import Iterator

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 60.0
_TRIES = 10


def pauses(tries: int = _TRIES) -> Iterator[float]:
    """Yield the seconds to wait after each failed try, five minutes in all for ten; doubled, and scattered."""
    for attempt in range(tries):
        yield min(_LONGEST_SECONDS, _FIRST_SECONDS * 2**attempt) * random.uniform(0.75, 1.0)

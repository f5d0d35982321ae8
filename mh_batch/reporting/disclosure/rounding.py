"""Rounding of counts, so that small differences between them say nothing."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Count = TypeVar("Count", int, NDArray[np.int64])


def rounded(count: Count, to: int | None) -> Count:
    """Round a count, or counts, to the nearest multiple of `to`, halves up; None leaves them as they are."""
    return count if to is None else (count + to // 2) // to * to

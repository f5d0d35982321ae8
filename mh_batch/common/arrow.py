"""Functions of single values over Arrow arrays."""

from collections.abc import Callable

import pyarrow as pa


def map_distinct(values: pa.Array, function: Callable[[bytes], str | None]) -> pa.Array:
    """Return what a function makes of strings, given to it as UTF-8 and each distinct one once; null stays null."""
    distinct = values.dictionary_encode()
    results = pa.array([function(value) for value in distinct.dictionary.cast(pa.binary()).to_pylist()], pa.string())
    return results.take(distinct.indices)

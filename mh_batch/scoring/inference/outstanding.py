"""Keys of texts that a scorer has in hand."""

import numpy as np
import pyarrow as pa

from mh_batch.inference.token_sequences import Integers


class OutstandingKeys:
    """Keys of a stream's texts, from their arrival until their scores are taken; never an object for each.

    Scores come in another order than texts, but not much later, so what is held stays small: keys whose scores were
    taken are let go whenever others arrive.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._keys: pa.Array = pa.array([], pa.string())
        self._numbers: Integers = np.zeros(0, np.int64)
        self._open = np.zeros(0, bool)
        self._arrived: list[pa.Array] = []
        self._next = 0

    def __len__(self) -> int:
        """How many keys are held."""
        return len(self._keys) + sum(map(len, self._arrived))

    def append(self, keys: pa.Array) -> None:
        """Take the keys of the stream's next texts."""
        self._arrived.append(keys)

    def take(self, numbers: Integers) -> pa.Array:
        """Give the keys of the texts at these places of the stream, each once."""
        if self._arrived:
            self._settle()
        rows = np.searchsorted(self._numbers, numbers)
        self._open[rows] = False
        return self._keys.take(pa.array(rows))

    def _settle(self) -> None:
        arrived = sum(map(len, self._arrived))
        self._keys = pa.concat_arrays([self._keys.filter(pa.array(self._open)), *self._arrived])
        numbers = np.arange(self._next, self._next + arrived)
        self._numbers = np.concatenate([self._numbers[self._open], numbers])
        self._open = np.ones(len(self._numbers), bool)
        self._next += arrived
        self._arrived = []

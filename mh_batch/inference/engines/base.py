"""What an engine is: token ids in, logits out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Runs a checkpoint."""

    name: str
    precision: str

    def logits(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the logits (windows x outputs, in the checkpoint's order) of windows of token ids with specials."""
        ...

"""What an engine is: token ids in, logits out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Runs a checkpoint.

    Attributes:
        pads_to: Windows are padded to a multiple of this many tokens, which batches must count.
    """

    pads_to: int

    def logits(self, windows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return the logits (windows x outputs, in the checkpoint's order) of windows of token ids with specials."""
        ...

"""How many tokens fit into one batch."""

from collections.abc import Mapping
from typing import Any

import torch

# Longer batches do not make the matrix products of a CPU core faster, only its caches colder.
_MOST_ON_CPU = 8_192
_MOST_ON_GPU = 65_536
_LEAST = 16
_BYTES_ON_CPU = 512 * 2**20
_SHARE_OF_GPU = 0.5


def token_budget(config: Mapping[str, Any], bytes_per_number: int, device: str) -> int:
    """Return the tokens that a batch may hold on `device` ("cpu", "cuda:N"); a longer window stands alone.

    Per token a layer holds at once the states before it, query, key, value, what attention mixed, and the inner states
    of the feed-forward network twice, before and after their activation.
    """
    numbers = 6 * int(config.get("hidden_size", 768)) + 2 * int(config.get("intermediate_size", 3072))
    if device == "cpu":
        room, most = _BYTES_ON_CPU, _MOST_ON_CPU
    else:
        room, most = int(torch.cuda.mem_get_info(device)[0] * _SHARE_OF_GPU), _MOST_ON_GPU
    return max(_LEAST, min(most, room // (numbers * bytes_per_number)))

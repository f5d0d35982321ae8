"""MinHash signatures, and the bands in which near-copies meet.

Source: Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mh_batch.datasets.preparation.shingles import Shingles
from mh_batch.errors import UsageError

BandKeys = npt.NDArray[np.int64]

PERMUTATIONS = 256
# Share of pairs right at the threshold that may share no band. Two rounds with different permutations look for each.
_MISSED = 1e-4


def rows_per_band(threshold: float) -> int:
    """Return how many hashes make a band: as many as can be without losing pairs, so that few unlike texts meet."""
    fitting = [r for r in range(1, 33) if (1 - threshold**r) ** (PERMUTATIONS // r) <= _MISSED]
    return max(fitting)


def band_keys(shingles: Iterable[Shingles], threshold: float, seed: int) -> BandKeys:
    """Return a key per text and band, shape (texts, bands); texts that share a key in a band may be near-copies.

    Raises:
        UsageError: datasketch is not installed.
    """
    try:
        from datasketch import MinHash
    except ImportError:
        raise UsageError("near-copies are found with datasketch: pip install 'mh-batch[prepare]'") from None
    lists = (one.tolist() for one in shingles)
    minhashes = MinHash.generator(lists, num_perm=PERMUTATIONS, seed=seed, hashfunc=int)
    rows = rows_per_band(threshold)
    bands = PERMUTATIONS // rows
    # Powers of an odd number mix a band's hashes into one; two bands of one number by chance cost a comparison only.
    factors = np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, rows + 1, dtype=np.uint64)
    keys = [minhash.hashvalues[: bands * rows].reshape(bands, rows) @ factors for minhash in minhashes]
    return np.array(keys, dtype=np.uint64).reshape(len(keys), bands).view(np.int64)

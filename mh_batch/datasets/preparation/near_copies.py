"""Pairs of texts that say nearly the same: candidates by MinHash, each verified by the Jaccard index of shingles.

Source: Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3.

Short texts are compared by runs of four characters: one replaced word changes a few of them, whatever the language,
where it would change half of a tweet's runs of words. Long texts are compared by runs of three words: long texts of
one language share most of their runs of characters, whatever they say. Texts of middling length have both, so that of
any two texts whose lengths differ by less than half at least one kind is at hand.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from mh_batch.errors import UsageError

Shingles = npt.NDArray[np.uint32]

CHARACTERS = 4
WORDS = 3

# One odd number for each place in a run, so that the order of the units counts; a sum wraps around at 32 bits.
_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)

BandKeys = npt.NDArray[np.int64]

PERMUTATIONS = 256
# Share of pairs right at the threshold that may share no band. Two rounds with different permutations look for each.
_MISSED = 1e-4

Places = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.int64]
# Members of all buckets one after the other, and how many each bucket has.
Buckets = tuple[Places, npt.NDArray[np.int64]]

# In a larger bucket all are compared with so many only: else a thousand chain letters would make half a million pairs.
_COMPARED = 20
_AT_ONCE = 100_000


@dataclass(frozen=True)
class Shingling:
    """A way to take comparable texts of so many characters apart, into distinct hashes of their pieces."""

    shortest: int
    longest: int
    shingles: Callable[[str], Shingles]

    def suits(self, comparable: str) -> bool:
        """Return whether texts of this length are compared in this way."""
        return self.shortest <= len(comparable) <= self.longest


def character_shingles(comparable: str) -> Shingles:
    """Return hashes of the runs of four characters, the spaces around the text included."""
    return _runs(np.frombuffer(f" {comparable} ".encode("utf-32-le"), np.uint32), CHARACTERS)


def word_shingles(comparable: str) -> Shingles:
    """Return hashes of the runs of three words."""
    return _runs(np.array([crc32(word.encode()) for word in comparable.split(" ")], np.uint32), WORDS)


def _runs(units: Shingles, length: int) -> Shingles:
    """Distinct hashes of the runs of so many units; a text of fewer units is one run."""
    runs = np.lib.stride_tricks.sliding_window_view(units, min(length, len(units)))
    hashes: Shingles = (runs * _FACTORS[: runs.shape[1]]).sum(axis=1, dtype=np.uint32)
    return np.unique(hashes)


SHORT = Shingling(0, 2_000, character_shingles)
LONG = Shingling(1_000, 2**63, word_shingles)


def rows_per_band(threshold: float) -> int:
    """Return how many hashes make a band: as many as can be without losing pairs, so that few unlike texts meet."""
    fitting = [r for r in range(1, 33) if (1 - threshold**r) ** (PERMUTATIONS // r) <= _MISSED]
    return max(fitting)


def band_keys(shingles: Iterable[Shingles], threshold: float, seed: int) -> BandKeys:
    """Return a key per text and band, shape (texts, bands); texts that share a key in a band may be near-copies.

    Args:
        shingles: Of each text.
        threshold: Least Jaccard index that is to be found.
        seed: Of the permutations.

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


FindBuckets = Callable[[Sequence[str], Shingling, float, int], Buckets]


def near_pairs(texts: Sequence[str], threshold: float, seed: int, find_buckets: FindBuckets) -> Pairs:
    """Return the pairs (first place < second place), shape (pairs, 2), whose Jaccard index reaches the threshold.

    In crowds of near-copies not every pair is named, but each text with some that come before it.

    Args:
        texts: Comparable texts.
        threshold: Least share of common shingles, 0.5 to 1.
        seed: Of the permutations.
        find_buckets: `local_buckets`, or its like on Spark.
    """
    found = [_pairs_of_kind(texts, kind, threshold, seed, find_buckets) for kind in (SHORT, LONG)]
    return np.unique(np.concatenate(found), axis=0)


def clusters(pairs: Pairs, count: int) -> Places:
    """Return for each of `count` texts the number of its cluster: texts linked by pairs, directly or by others."""
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    numbers: Places = connected_components(links, directed=False)[1].astype(np.int64)
    return numbers


def local_buckets(texts: Sequence[str], kind: Shingling, threshold: float, seed: int) -> Buckets:
    """Return the places of texts that share a band, bucket by bucket, found in this process.

    Args:
        texts: Comparable texts that the kind suits.
        kind: How texts are taken apart.
        threshold: As for `near_pairs`.
        seed: Of the permutations.
    """
    keys = band_keys(map(kind.shingles, texts), threshold, seed)
    buckets = [_together(keys[:, band]) for band in range(keys.shape[1])]
    return np.concatenate([members for members, _ in buckets]), np.concatenate([sizes for _, sizes in buckets])


def _together(keys: BandKeys) -> Buckets:
    """The places of equal keys side by side, in order of place; lone ones are left out."""
    order = np.argsort(keys, kind="stable")
    _, sizes = np.unique(keys[order], return_counts=True)
    crowded = np.repeat(sizes > 1, sizes)
    return order[crowded], sizes[sizes > 1]


def _pairs_of_kind(
    texts: Sequence[str], kind: Shingling, threshold: float, seed: int, find_buckets: FindBuckets
) -> Pairs:
    places = np.array([place for place, text in enumerate(texts) if kind.suits(text)], dtype=np.int64)
    if len(places) < 2:
        return np.empty((0, 2), dtype=np.int64)
    suited = [texts[place] for place in places]
    pairs = candidate_pairs(find_buckets(suited, kind, threshold, seed))
    involved, indices = np.unique(pairs, return_inverse=True)
    shingles = [kind.shingles(suited[place]) for place in involved]
    near = jaccard(shingles, indices.reshape(-1, 2)) >= threshold
    return places[pairs[near]]


def candidate_pairs(buckets: Buckets) -> Pairs:
    """Return each pair of places that meet in a bucket once, the lower place first; places in a bucket ascend."""
    members, sizes = buckets
    starts = np.cumsum(sizes) - sizes
    # A pair as one number, as places fit into 32 bits: single numbers are sorted much faster than pairs.
    numbers = [np.empty(0, dtype=np.int64)]
    for size in np.unique(sizes):
        rows = members[starts[sizes == size][:, None] + np.arange(size)]
        first, second = _compared(int(size))
        numbers.append(np.unique(rows[:, first] << 32 | rows[:, second]))
    distinct = np.unique(np.concatenate(numbers))
    return np.stack([distinct >> 32, distinct & 0xFFFFFFFF], axis=1)


def _compared(size: int) -> tuple[Places, Places]:
    """The places in a bucket of so many members to be compared: the first few with all that follow them."""
    some = min(size, _COMPARED)
    first, second = np.nonzero(np.arange(some)[:, None] < np.arange(size))
    return first, second


def jaccard(shingles: Sequence[Shingles], pairs: Pairs) -> npt.NDArray[np.float64]:
    """Return the Jaccard index of each pair of places in `shingles`: common shingles over all shingles of the two."""
    if not len(pairs):
        return np.empty(0)
    sizes = np.array([len(one) for one in shingles])
    table = _incidence(shingles, sizes)
    chunks = [pairs[start : start + _AT_ONCE] for start in range(0, len(pairs), _AT_ONCE)]
    common = np.concatenate([table[chunk[:, 0]].multiply(table[chunk[:, 1]]).sum(axis=1) for chunk in chunks])
    return np.asarray(common / (sizes[pairs].sum(axis=1) - common), dtype=np.float64)


def _incidence(shingles: Sequence[Shingles], sizes: npt.NDArray[np.int64]) -> csr_array:
    distinct, columns = np.unique(np.concatenate(shingles), return_inverse=True)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return csr_array((np.ones(len(columns), np.int32), columns, starts), shape=(len(sizes), len(distinct)))

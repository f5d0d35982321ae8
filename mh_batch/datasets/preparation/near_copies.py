"""Pairs of texts that say nearly the same: candidates by MinHash, each verified by the Jaccard index of the shingles."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from mh_batch.datasets.preparation.shingles import KINDS, Shingles, shingled
from mh_batch.datasets.preparation.signatures import BandKeys, band_keys

Pairs = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
# Members of all buckets one after the other, and where each bucket begins; the last entry is the end.
Buckets = tuple[Places, npt.NDArray[np.int64]]
FindBuckets = Callable[[Sequence[str], int, float, int], Buckets]

# In a larger bucket all are compared with so many only: else a thousand chain letters would make half a million pairs.
_COMPARED = 200
_AT_ONCE = 100_000


def near_pairs(texts: Sequence[str], threshold: float, seed: int, find_buckets: FindBuckets) -> Pairs:
    """Return the pairs (first place < second place), shape (pairs, 2), whose Jaccard index reaches the threshold.

    In crowds of near-copies not every pair is named, but every text in a pair with one before it.

    Args:
        texts: Comparable texts.
        threshold: Least share of common shingles, 0.5 to 1.
        seed: Of the permutations.
        find_buckets: `local_buckets`, or its like on Spark.
    """
    found = [_verified(texts, kind, threshold, find_buckets(texts, kind, threshold, seed)) for kind in range(len(KINDS))]
    return np.unique(np.concatenate(found), axis=0)


def clusters(pairs: Pairs, count: int) -> Places:
    """Return for each of `count` texts the number of its cluster: texts linked by pairs, directly or by others."""
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    numbers: Places = connected_components(links, directed=False)[1].astype(np.int64)
    return numbers


def local_buckets(texts: Sequence[str], kind: int, threshold: float, seed: int) -> Buckets:
    """Return the buckets of texts that share a band, found in this process; arguments as for `near_pairs`."""
    places, shingles = _listed(texts, kind)
    keys = band_keys(shingles, threshold, seed)
    buckets = [_together(places, keys[:, band]) for band in range(keys.shape[1])]
    return _joined(buckets)


def _listed(texts: Sequence[str], kind: int) -> tuple[Places, list[Shingles]]:
    pairs = list(shingled(texts, kind))
    return np.array([place for place, _ in pairs], dtype=np.int64), [shingles for _, shingles in pairs]


def _together(places: Places, keys: BandKeys) -> tuple[Places, npt.NDArray[np.int64]]:
    """The places of equal keys side by side, in order of place, and the sizes of these groups; lone ones are left out."""
    order = np.argsort(keys, kind="stable")
    _, sizes = np.unique(keys[order], return_counts=True)
    crowded = np.repeat(sizes > 1, sizes)
    return places[order][crowded], sizes[sizes > 1]


def _joined(buckets: Sequence[tuple[Places, npt.NDArray[np.int64]]]) -> Buckets:
    empty = np.empty(0, dtype=np.int64)
    members = np.concatenate([empty, *(members for members, _ in buckets)])
    sizes = np.concatenate([empty, *(sizes for _, sizes in buckets)])
    return members, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def candidate_pairs(buckets: Buckets) -> Pairs:
    """Return each pair of places that meet in a bucket once, the lower place first."""
    members, starts = buckets
    sizes = np.diff(starts)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for size in np.unique(sizes):
        rows = np.sort(members[starts[:-1][sizes == size][:, None] + np.arange(size)], axis=1)
        first, second = np.triu_indices(size, 1)
        compared = first < _COMPARED
        pairs.append(np.unique(np.stack([rows[:, first[compared]].ravel(), rows[:, second[compared]].ravel()], 1), axis=0))
    return np.unique(np.concatenate(pairs), axis=0)


def _verified(texts: Sequence[str], kind: int, threshold: float, buckets: Buckets) -> Pairs:
    pairs = candidate_pairs(buckets)
    involved, places = np.unique(pairs, return_inverse=True)
    shingles = [KINDS[kind](texts[place]) for place in involved]
    indices = jaccard([one for one in shingles if one is not None], places.reshape(-1, 2))
    return pairs[indices >= threshold]


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

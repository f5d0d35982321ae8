"""Splits rows in the shares asked for, each stratum like the whole, and what belongs together on one side."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mh_batch.datasets.preparation.balance import hash_key

SPLITS = ("train", "validation", "test")

Numbers = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.float64]


def split_rows(
    strata: pd.DataFrame, ids: Sequence[str], groups: Numbers, shares: Sequence[float], seed: int
) -> Numbers:
    """Return the split (0, 1, 2 of `SPLITS`) of each row; the order of the rows plays no part.

    Rows of a group are dealt first, as a whole, largest group first, each to the split that is owed most, overall and
    in the strata of the group. Single rows follow, stratum after stratum, and debts are carried over from one stratum
    to the next. So no stratum is too rare: a few rows are dealt as if they belonged to the next stratum, which differs
    in the last column first. Without groups a split misses its share by less than two rows, in each stratum and
    overall.

    Args:
        strata: The columns to spread evenly, the most important first.
        ids: Identifies each row.
        groups: Number of each row's group.
        shares: Of the splits, summing to 1.
        seed: Of the order in which rows of a stratum are dealt.
    """
    order = pd.util.hash_array(np.asarray(ids, dtype=object), hash_key=hash_key(seed))
    stratum = np.asarray(strata.groupby(list(strata.columns), dropna=False).ngroup(), dtype=np.int64)
    sizes = pd.Series(groups).groupby(groups).transform("size").to_numpy()
    split = np.full(len(strata), -1, dtype=np.int64)
    dealt = np.asarray(shares, dtype=np.float64)
    _deal_groups(split, _grouped(groups, sizes, order), stratum, dealt)
    wanted = np.outer(np.bincount(stratum), dealt)
    np.subtract.at(wanted, (stratum[split >= 0], split[split >= 0]), 1)
    singles = np.flatnonzero(sizes == 1)
    _deal_singles(split, singles[np.lexsort((order[singles], stratum[singles]))], stratum, wanted)
    return split


def _grouped(groups: Numbers, sizes: Numbers, order: npt.NDArray[np.uint64]) -> list[Numbers]:
    """The rows of each group of several, largest group first."""
    rows = np.flatnonzero(sizes > 1)
    members = [rows[places] for places in pd.Series(rows).groupby(groups[rows]).indices.values()]
    return sorted(members, key=lambda own: (-len(own), int(order[own].min())))


def _deal_groups(split: Numbers, queue: Sequence[Numbers], stratum: Numbers, shares: Amounts) -> None:
    owed, owed_in = np.zeros(len(shares)), np.zeros((stratum.max(initial=0) + 1, len(shares)))
    for own in queue:
        owed += shares * len(own)
        np.add.at(owed_in, stratum[own], shares)
        chosen = int(np.argmax(owed + owed_in[stratum[own]].mean(axis=0)))
        owed[chosen] -= len(own)
        np.subtract.at(owed_in[:, chosen], stratum[own], 1)
        split[own] = chosen


def _deal_singles(split: Numbers, queue: Numbers, stratum: Numbers, wanted: Amounts) -> None:
    lacking = np.maximum(wanted, 0)
    portions = lacking / np.maximum(lacking.sum(axis=1, keepdims=True), 1e-12)
    owed = np.zeros(wanted.shape[1])
    for row in queue:
        owed += portions[stratum[row]]
        split[row] = int(np.argmax(owed))
        owed[split[row]] -= 1


def together(count: int, *belongings: Sequence[object]) -> Numbers:
    """Return a group number for each of `count` rows: rows are together that share a value, directly or by others.

    Args:
        count: Number of rows.
        belongings: Values per row, such as authors; None binds a row to nothing.
    """
    links = [_links(values) for values in belongings]
    first, second = (np.concatenate([np.empty(0, np.int64), *(link[side] for link in links)]) for side in (0, 1))
    table = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    numbers: Numbers = connected_components(table, directed=False)[1].astype(np.int64)
    return numbers


def _links(values: Sequence[object]) -> tuple[Numbers, Numbers]:
    known = pd.Series(list(values), dtype=object).dropna()
    firsts = pd.Series(known.index, index=known.index).groupby(known).transform("first")
    return firsts.to_numpy(np.int64), known.index.to_numpy(np.int64)

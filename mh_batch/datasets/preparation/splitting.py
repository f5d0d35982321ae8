"""Splits in the shares asked for, each stratum like the whole, and what belongs together on one side."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mh_batch.datasets.preparation.integration import ExclusionReason, label_columns, left_out
from mh_batch.datasets.preparation.preparation_recipe import PreparationRecipe
from mh_batch.datasets.text_features import POST_BAND_NAMES, POST_SHARES

SPLITS = ("train", "validation", "test")

Numbers = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.float64]


def balance_lengths(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows drawn, and what is recorded of the others.

    The scarcest of the bands that occur decides how many rows there are; a band without rows stays empty, and texts
    outside of all bands go. Each language has the same share in each band as before.
    """
    wanted = _wanted(rows["length_band"])
    order = pd.util.hash_array(rows["doc_id"].to_numpy(dtype=object), hash_key=hash_key(seed))
    drawn = pd.DataFrame({"band": rows["length_band"], "language": rows["language"], "order": order})
    # A share of each language, the same in all: the place in its queue over the queue's length.
    drawn["turn"] = drawn.groupby(["band", "language"])["order"].rank(pct=True)
    place = drawn.sort_values(["turn", "order"]).groupby("band").cumcount()
    chosen = place.reindex(rows.index) < rows["length_band"].map(wanted).fillna(0)
    return rows[chosen], left_out(rows[~chosen], ExclusionReason.LENGTH_BALANCE)


def hash_key(seed: int) -> str:
    """Return the sixteen characters that pandas' hash takes for a seed."""
    return f"{seed:016d}"[-16:]


def _wanted(bands: pd.Series) -> dict[str, int]:
    counts = bands.value_counts()
    shares = {name: share for name, share in zip(POST_BAND_NAMES, POST_SHARES, strict=True) if counts.get(name, 0)}
    if not shares:
        return {}
    # A hair is added for shares that binary fractions put just below a whole number.
    total = min(counts[name] / share for name, share in shares.items())
    return {name: int(total * share + 1e-9) for name, share in shares.items()}


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


def connected_groups(count: int, *belongings: Sequence[object]) -> Numbers:
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


def assign_splits(rows: pd.DataFrame, recipe: PreparationRecipe, shares: tuple[float, ...], seed: int) -> pd.DataFrame:
    """Return the rows with `split`, `stratum`, the one `label` where there is one, and a number for the `author`.

    Rows of sources that may only train go there, and with them what belongs to the same author or cluster; they come
    on top of the shares.

    Args:
        rows: All rows that are left, with the number of their `cluster`.
        recipe: Says what to stratify on, and which sources may only train.
        shares: Of train, validation and test, summing to 1.
        seed: Of the order in which rows of a stratum are dealt.
    """
    columns = label_columns(recipe.labels)
    labelled = rows.assign(label=_one_label(rows[columns], recipe))
    strata = pd.DataFrame({name: _dimension(labelled, name, columns) for name in recipe.stratify})
    groups = connected_groups(len(rows), list(rows["author"]), list(rows["cluster"]))
    train_only = rows["source"].isin([source.name for source in recipe.sources if source.use == "train"]).to_numpy()
    dealt = ~np.isin(groups, groups[train_only])
    split: Numbers = np.zeros(len(rows), dtype=np.int64)
    split[dealt] = split_rows(strata[dealt], list(rows.loc[dealt, "doc_id"]), groups[dealt], shares, seed)
    return labelled.assign(
        split=[SPLITS[number] for number in split],
        stratum=strata.groupby(list(strata.columns), dropna=False).ngroup(),
        author=_numbers(rows["author"]),
    )


def _one_label(claims: pd.DataFrame, recipe: PreparationRecipe) -> list[str] | None:
    if recipe.task == "multi_label":
        return None
    return [recipe.labels[place] for place in claims.to_numpy().argmax(axis=1)]


def _dimension(rows: pd.DataFrame, name: str, labels: list[str]) -> pd.Series:
    """A column to stratify on; all labels together are one dimension, their combination."""
    return rows[labels].astype(str).agg(" ".join, axis=1) if name == "label" else rows[name].fillna("")


def _numbers(authors: pd.Series) -> pd.Series:
    """Numbers that say who wrote together, and not who: in the order of the first row."""
    codes, _ = pd.factorize(authors)
    return pd.Series(codes, index=authors.index, dtype="Int64").mask(codes < 0)

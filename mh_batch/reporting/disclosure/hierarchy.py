"""The hierarchy of a report's cells: which add up to which others, and so what an attacker can calculate with."""

from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from mh_batch.reporting.disclosure.lattice import BY_LANGUAGE, CROSSINGS, Bools, Ints, Lattice, Scope

T = TypeVar("T", np.int64, np.bool_)

_WAYS = 1 << 20


@dataclass(frozen=True)
class Hierarchy:
    """Distinct cells and the sums that tie them together.

    Cells that must be equal, because one is the only part of the other, are one.

    Attributes:
        cell_of_row: The cell that each row of the report shows.
        authors: Authors of each cell, the fewest where rows differ.
        hidden: Whether no row shows the cell, though sums or differences of rows may give it.
        top: Whether the cell is the total of a scope that no other scope contains.
        values: Cells x dimensions: codes of the values, 0 where a cell is not cut by the dimension.
        totals: Of each sum, the cell that is the total.
        parts: Sums x cells: 1 where the cell is a part.
        direct: Whether a sum does not follow from others.
    """

    cell_of_row: Ints
    authors: Ints
    hidden: Bools
    top: Bools
    values: Ints
    totals: Ints
    parts: csr_array
    direct: Bools

    @property
    def empty(self) -> Bools:
        """Whether the cell is empty, which the attacker need not know."""
        return np.asarray(self.hidden & (self.authors == 0))

    def ties(self, sign: int) -> csr_array:
        """Return sums x cells: 1 where the cell is a part, `sign` where it is the total."""
        sums = np.arange(len(self.totals))
        totals = csr_array((np.full(len(sums), float(sign)), (sums, self.totals)), shape=self.parts.shape)
        return csr_array(self.parts + totals)


def read_hierarchy(cells: pa.Table) -> Hierarchy:
    """Find the distinct cells of a report's rows, and their sums.

    Args:
        cells: Columns `scope`, `by`, the dimensions, and `authors`.

    Raises:
        ValueError: `by` names no dimension, or one number cannot hold all combinations of values.
    """
    lattice = Lattice(cells)
    add_common_totals(lattice)
    add_differences(lattice)
    totals, parts, ways = _pairs(lattice)
    ids, sums, sizes = np.unique(totals * _WAYS + ways, return_inverse=True, return_counts=True)
    same = _same(totals, parts, sizes[sums] == 1, len(lattice.codes))
    matrix = csr_array((np.ones(len(parts)), (sums, same[parts])), shape=(len(ids), same.max() + 1))
    direct = _direct(ids // _WAYS, ids % _WAYS, len(lattice.codes))
    kept = _distinct(same[ids // _WAYS], matrix, direct, sizes)
    return Hierarchy(
        cell_of_row=same[lattice.cell_of_row],
        authors=_fewest(same, lattice),
        hidden=_of_groups(np.minimum, same, lattice.hidden),
        top=_of_groups(np.maximum, same, lattice.totals()),
        values=_of_groups(np.maximum, same, lattice.codes[:, 1:]),
        totals=same[ids // _WAYS][kept],
        parts=matrix[kept],
        direct=direct[kept],
    )


def _pairs(lattice: Lattice) -> tuple[Ints, Ints, Ints]:
    found = [(np.zeros(0, np.int64),) * 3, *((t, p, np.full(len(p), way)) for t, p, way in lattice.sums())]
    totals, parts, ways = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return totals[totals >= 0], parts[totals >= 0], ways[totals >= 0]


def _same(totals: Ints, parts: Ints, alone: Bools, cells: int) -> Ints:
    """Number the cells so that a total and its only part have the same number."""
    equal = csr_array((np.ones(alone.sum()), (totals[alone], parts[alone])), shape=(cells, cells))
    return np.asarray(connected_components(equal, directed=False)[1], dtype=np.int64)


def _direct(totals: Ints, ways: Ints, cells: int) -> Bools:
    """A sum of fine parts follows from others if the total is split by a crossing in between as well."""
    by_crossing = ways < CROSSINGS
    splits = np.zeros(cells, dtype=np.int64)
    np.bitwise_or.at(splits, totals[by_crossing], 1 << ways[by_crossing])
    between = np.array(
        [sum(1 << coarse for coarse in range(fine) if coarse & fine == coarse) for fine in range(CROSSINGS)]
    )
    return np.asarray(~by_crossing | (splits[totals] & between[np.where(by_crossing, ways, 0)] == 0))


def _distinct(totals: Ints, parts: csr_array, direct: Bools, sizes: Ints) -> Ints:
    """Choose one of the sums that have become the same, a direct one if there is any; none that has a single part."""
    marks = np.random.default_rng(0).integers(1 << 62, size=(parts.shape[1], 2))
    prints = np.column_stack([totals, parts.astype(np.int64) @ marks])
    order = np.argsort(~direct, kind="stable")
    order = order[sizes[order] > 1]
    return np.sort(order[np.unique(prints[order], axis=0, return_index=True)[1]])


def _fewest(same: Ints, lattice: Lattice) -> Ints:
    """The fewest authors of cells that are the same, leaving aside cells that only might not be empty."""
    unknown = np.iinfo(np.int64).max
    fewest = _of_groups(np.minimum, same, np.where(lattice.hidden & (lattice.authors == 0), unknown, lattice.authors))
    return np.where(fewest == unknown, 0, fewest)


def _of_groups(function: np.ufunc, group: Ints, values: NDArray[T]) -> NDArray[T]:
    """The least or greatest of the values of each group."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max() + 1))
    return np.asarray(function.reduceat(values[order], starts, axis=0), dtype=values.dtype)


def add_common_totals(lattice: Lattice) -> None:
    """Add totals by the dimensions that two crossings share: both crossings add up to them."""
    for scope in range(len(lattice.scopes)):
        while missing := _missing(lattice, scope):
            for crossing, finer in missing.items():
                cells = lattice.select(finer, scope)
                keys, inverse = np.unique(lattice.project(cells, crossing, scope), return_inverse=True)
                lattice.add(keys, np.bincount(inverse, lattice.authors[cells]).astype(np.int64), crossing, scope)


def add_differences(lattice: Lattice) -> None:
    """Add totals of a scope less those of a scope within it, which are totals of the other languages.

    One model's region less the same region of a model that knows only English has the authors who do not write English.
    """
    done = set[tuple[int, int]]()
    while pairs := set(permutations(range(len(lattice.scopes)), 2)) - done:
        done |= pairs
        for whole, part in sorted(pairs):
            rest = lattice.scopes[whole] - lattice.scopes[part]
            if lattice.scopes[part] < lattice.scopes[whole] and _tells(lattice, rest):
                _subtract(lattice, whole, part, rest)


def _missing(lattice: Lattice, scope: int) -> dict[int, int]:
    family = lattice.splits(scope)
    return {a & b: a for a, b in combinations(sorted(family), 2) if a & b not in family}


def _tells(lattice: Lattice, scope: Scope) -> bool:
    """Whether a scope's totals are more than sums of others'."""
    known = lattice.scopes
    return scope in known or not any(a | b == scope and not a & b for a, b in combinations(known, 2))


def _subtract(lattice: Lattice, whole: int, part: int, rest: Scope) -> None:
    # What is split by language too follows from its languages.
    split = [crossing for crossing in lattice.splits(whole) if crossing & BY_LANGUAGE]
    for crossing in sorted(lattice.families[whole] & lattice.families[part]):
        if not any(crossing & finer == crossing for finer in split):
            number = lattice.scope_number(rest)
            if crossing not in lattice.families[number]:
                _add_difference(lattice, crossing, whole, part, number)
            if _is_new(lattice, (crossing, whole, part, number)):
                lattice.differences.append((crossing, whole, part, number))


def _is_new(lattice: Lattice, difference: tuple[int, int, int, int]) -> bool:
    """Whether a difference between scopes does not follow from the others of its crossing."""
    known = [other for other in (*lattice.differences, difference) if other[0] == difference[0]]
    matrix = np.zeros((len(known), len(lattice.scopes)))
    for row, (_, *scopes) in zip(matrix, known, strict=True):
        row[scopes] = 1, -1, -1
    return bool(np.linalg.matrix_rank(matrix) == len(known))


def _add_difference(lattice: Lattice, crossing: int, whole: int, part: int, rest: int) -> None:
    """Add what is left of each cell; if nothing, an empty cell where the report does not show that it is empty."""
    cells = lattice.select(crossing, whole)
    parts = lattice.find(lattice.project(cells, crossing, part))
    left = np.maximum(lattice.authors[cells] - np.where(parts < 0, 0, lattice.authors[parts]), 0)
    likely = (left > 0) | _may_be(lattice, cells, crossing, rest)
    lattice.add(lattice.project(cells, crossing, rest)[likely], left[likely], crossing, rest)


def _may_be(lattice: Lattice, cells: Ints, crossing: int, scope: int) -> Bools:
    """Whether each cell may exist in another scope, as far as it and wider ones show what it would be part of."""
    may_be = np.ones(len(cells), dtype=bool)
    languages = lattice.scopes[scope]
    for wider in (number for number, others in enumerate(lattice.scopes) if languages <= others):
        for other in lattice.splits(wider):
            common = other & (crossing | BY_LANGUAGE)
            known = lattice.project(lattice.select(other, wider), common, wider)
            cut_by = languages if common & BY_LANGUAGE else [0]
            keys = [lattice.project(cells, common, wider, language) for language in cut_by]
            may_be &= np.isin(keys, known).any(axis=0)
    return may_be

"""Cells that no row of a report shows, but that sums and differences of its rows may give."""

from itertools import combinations, permutations

import numpy as np

from mh_batch.reporting.disclosure.lattice import BY_LANGUAGE, Bools, Ints, Lattice, Scope


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
    """Add what is left of each cell; if nothing, an empty cell where the report does not tell that it is empty."""
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

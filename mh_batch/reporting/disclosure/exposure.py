"""Exposure of the cells that a report does not show: the attack that it must withstand.

The attacker knows the cells shown, all sums, that no count is negative, and which cells are not shown.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, diags_array, hstack
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import lsmr

from mh_batch.reporting.disclosure.hierarchy import Hierarchy
from mh_batch.reporting.disclosure.lattice import Bools, Ints

Floats = NDArray[np.float64]

# Larger linear programmes than this many cells are taken to pieces as long as that leads anywhere.
_PIECE = 4000
# Of projections, which are of the size of 1, and of authors.
_TOLERANCE = 1e-6
_INFEASIBLE = 2


class Attack:
    """Finds cells that are given away; remembers those that are not, as suppressing more only protects them better."""

    def __init__(self, hierarchy: Hierarchy, min_authors: int) -> None:
        """Prepare to attack.

        Args:
            hierarchy: The report's cells and sums.
            min_authors: Cells of fewer authors are small.
        """
        self._hierarchy, self._min_authors = hierarchy, min_authors
        self._ties = hierarchy.ties(-1)[hierarchy.direct]
        self._small = (hierarchy.authors < min_authors) & ~hierarchy.empty
        # Cells that are neither small nor in the report need no protection.
        self._certain = self._small | ~hierarchy.hidden
        # If a part may hold enough authors so may its total.
        self._unsure = self._small.copy()
        self._unsure[hierarchy.totals] = False

    def exposed(self, suppressed: Bools) -> Ints:
        """Return suppressed cells that are determined, and small ones that are proved to be small; not all, but some.

        Args:
            suppressed: Of each cell, whether it is not shown.
        """
        cells = np.flatnonzero(suppressed)
        sums = self._ties[:, cells]
        sums = sums[np.diff(sums.indptr) > 0]
        if self._certain[cells].any():
            self._certain[cells] &= _determined(sums)
        found = cells[self._certain[cells]]
        return found if len(found) else self._proved_small(sums, cells)

    def way_out(self, cell: int, costs: Floats) -> Ints:
        """Return the cells that change as one becomes large, or as much larger if it is, where that costs least.

        It is taken that those which cost anything will be suppressed, so that the one is no longer exposed.
        """
        authors = self._hierarchy.authors
        more = self._min_authors - authors[cell] * self._small[cell]
        changed = np.flatnonzero(_cheapest_change(self._ties, authors, costs, cell, more))
        # Nothing may change the cell where people have been counted in several cells, and sums do not hold.
        self._certain[[cell, *changed]] = False
        self._unsure[cell] = False
        return changed

    def _proved_small(self, sums: csr_array, cells: Ints) -> Ints:
        """Return cells that are small in all tables that agree with the report, and mark the others.

        Each linear programme looks for a table with as many of them large as possible, and with certain ones above all.
        """
        pieces, attempt = 1 + len(cells) // _PIECE, 0
        while before := self._unsure[cells].sum():
            for piece in self._pieces(cells, pieces, attempt):
                failed = self._try(sums[:, piece], cells[piece], attempt)
                if pieces == 1 and len(failed):
                    return failed
            attempt += 1
            pieces = pieces if self._unsure[cells].sum() < 0.9 * before else 1
        return np.zeros(0, dtype=np.int64)

    def _pieces(self, cells: Ints, pieces: int, seed: int) -> list[Ints]:
        """Divide cells by the dimension of most values, so that sums over the others stay whole.

        What other pieces hold stays as it is: the attacker is taken to know more than he does.
        """
        if pieces == 1:
            return [np.arange(len(cells))]
        values = self._hierarchy.values[cells]
        values = values[:, np.argmax([len(np.unique(column)) for column in values.T])]
        piece = np.random.default_rng(seed).permutation(values.max() + 1)[values] % pieces
        return [np.flatnonzero((piece == number) & (values > 0)) for number in range(pieces)]

    def _try(self, sums: csr_array, cells: Ints, seed: int) -> Ints:
        """Mark cells that are large in another table; return those that were to be above all, and are not."""
        unsure = self._unsure[cells]
        if not unsure.any():
            return cells[:0]
        sums = sums[np.diff(sums.indptr) > 0]
        leading = _first_of_each(_components(sums), unsure)
        weights = np.where(unsure, np.random.default_rng(seed).random(len(cells)), 0) + 1000 * leading
        at_most = np.where(unsure, self._min_authors, np.inf)
        found = _other_table(sums, self._hierarchy.authors[cells], at_most, weights)
        large = unsure & (found >= self._min_authors - _TOLERANCE)
        self._unsure[cells[large]] = False
        return cells[leading & ~large]


def _determined(sums: csr_array) -> Bools:
    """Find unknowns that all solutions agree in: the projection of a random vector to the null space is zero there."""
    vector = np.random.default_rng(0).standard_normal(sums.shape[1])
    # Sums of the same weight are solved in a fraction of the steps.
    sums = csr_array(diags_array(1 / np.sqrt(np.diff(sums.indptr))) @ sums)
    columns = csr_array(sums.T)
    for _ in range(2 if sums.shape[0] else 0):
        vector = vector - columns @ lsmr(columns, vector, atol=1e-14, btol=1e-14, conlim=0, maxiter=10**5)[0]
    # What the projection misses is at most the residual over the least singular value, one ten-thousandth or more.
    return np.asarray(np.abs(vector) < _TOLERANCE + 1e4 * np.abs(sums @ vector).max(initial=0))


def _other_table(sums: csr_array, authors: Ints, at_most: Floats, weights: Floats) -> Floats:
    """Return authors that agree with the sums, weighted as many as possible; the true ones if none are found."""
    bounds = np.column_stack([-authors, at_most - authors])
    result = linprog(-weights, A_eq=sums, b_eq=np.zeros(sums.shape[0]), bounds=bounds, method="highs-ds")
    if (
        result.status != 0
        or np.abs(sums @ result.x).max(initial=0) > _TOLERANCE
        or (authors + result.x).min() < -_TOLERANCE
    ):
        return authors.astype(np.float64)
    return np.asarray(authors + result.x)


def _cheapest_change(sums: csr_array, authors: Ints, costs: Floats, cell: int, more: int) -> Bools:
    """Find the cells that change where one gets more authors, all sums hold, and the changes cost least.

    Suppressing the cells that cost anything protects the one (Fischetti and Salazar-Gonzalez 2000, "Models and
    algorithms for optimizing cell suppression in tabular data with linear constraints", Journal of the American
    Statistical Association 95, section 5).
    """
    nothing = np.zeros(len(authors))
    bounds = np.stack([[nothing, np.full(len(authors), np.inf)], [nothing, authors]])
    bounds[:, :, cell] = [[more, more], [0, 0]]
    changes = hstack([sums, -sums])
    result = linprog(
        np.tile(costs, 2),
        A_eq=changes,
        b_eq=np.zeros(sums.shape[0]),
        bounds=np.column_stack([bounds[:, 0].ravel(), bounds[:, 1].ravel()]),
        method="highs-ds",
    )
    if result.status != 0:
        # Without an answer all cells are the way out, unless the answer is that there is none.
        return np.full(len(authors), result.status != _INFEASIBLE)
    return np.asarray(np.abs(result.x[: len(authors)] - result.x[len(authors) :]) > _TOLERANCE)


def _components(sums: csr_array) -> Ints:
    """Number the cells so that those which sums tie together, directly or by way of others, have the same number."""
    graph = block_array([[None, sums], [sums.T, None]])
    return np.asarray(connected_components(graph, directed=False)[1][sums.shape[0] :])


def _first_of_each(group: Ints, among: Bools) -> Bools:
    first = np.zeros(len(group), dtype=bool)
    chosen = np.flatnonzero(among)
    first[chosen[np.unique(group[chosen], return_index=True)[1]]] = True
    return first

"""Suppression of the cells of a report that are small or would give small ones away."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from mh_batch.reporting.disclosure.exposure import Attack
from mh_batch.reporting.disclosure.hierarchy import Hierarchy, read_hierarchy
from mh_batch.reporting.disclosure.lattice import Ints
from mh_batch.reporting.groupings import COMPLEMENTARY, SMALL


def suppress(cells: pa.Table, min_authors: int) -> list[str | None]:
    """Choose the cells that a report does not show: small ones, and those that would give small ones away.

    Complementary suppression after Cox (1980, "Suppression methodology and statistical disclosure control", Journal of
    the American Statistical Association 75) and Hundepool et al. (2012, "Statistical Disclosure Control", chapter 4).
    Whoever knows the cells shown and how they add up cannot calculate a cell that is not shown, nor prove that a small
    one is small; and what is not shown of any sum has at least `min_authors` authors together. Few authors are hidden
    beyond the small cells, but not provably the fewest: that choice is NP-hard.

    Args:
        cells: One row per cell of every model: `scope` (languages that the model scored, sorted and joined by commas),
            `by` (dimensions that the cell is cut by, joined by commas, or `all`), `period`, `language`, `region` and
            `source` (strings), and `authors` (integer).
        min_authors: Cells of fewer authors are small.

    Returns:
        For each row None, `small` or `complementary`.

    Raises:
        ValueError: `by` names no dimension, or one number cannot hold all combinations of values.
    """
    if not len(cells):
        return []
    hierarchy = read_hierarchy(cells)
    suppression = _Suppression(hierarchy, min_authors)
    attack = Attack(hierarchy, min_authors)
    suppression.settle(range(len(hierarchy.totals)))
    while len(exposed := attack.exposed(suppression.suppressed)):
        suppression.protect(exposed, attack)
    reasons = np.array([None, COMPLEMENTARY, SMALL])[suppression.suppressed.astype(np.int64) + suppression.small]
    status: list[str | None] = reasons[hierarchy.cell_of_row].tolist()
    return status


# What it costs to suppress an overall total; other cells cost the logarithm of their authors.
_NEVER = 1e5


class _Suppression:
    """The suppressed cells; more of them as need be."""

    def __init__(self, hierarchy: Hierarchy, min_authors: int) -> None:
        self._hierarchy, self._min_authors = hierarchy, min_authors
        self._parts = hierarchy.parts
        self._sums_of, self._sums_with = csr_array(hierarchy.ties(1).T), csr_array(self._parts.T)
        self.small = hierarchy.authors < min_authors
        self.suppressed = self.small | hierarchy.hidden
        self._holes = self._parts @ self.suppressed

    def settle(self, sums: Iterable[int]) -> None:
        """Suppress parts of these sums, and of those touched thereby, until none gives anything away by itself."""
        waiting = dict.fromkeys(sums)
        while waiting:
            number, _ = waiting.popitem()
            cell = self._wanted(number)
            if cell is not None:
                waiting.update(dict.fromkeys([number, *self._suppress(cell)]))

    def protect(self, exposed: Ints, attack: Attack) -> None:
        """Suppress what lets the exposed cells take other values."""
        touched = [self._suppress(cell) for one in exposed.tolist() for cell in self._way_out(one, attack)]
        self.settle(np.concatenate([exposed[:0], *touched]).tolist())

    def _way_out(self, cell: int, attack: Attack) -> list[int]:
        costs = np.where(self._hierarchy.top, _NEVER, np.log1p(self._hierarchy.authors)) * ~self.suppressed
        changed = attack.way_out(cell, costs)
        return [int(cell) for cell in changed[~self.suppressed[changed]]]

    def _suppress(self, cell: int) -> Ints:
        """Suppress a cell; return the sums that it is in."""
        self.suppressed[cell] = True
        self._holes[_row(self._sums_with, cell)] += 1
        return _row(self._sums_of, cell)

    def _wanted(self, number: int) -> int | None:
        """The cell to be suppressed next for the sake of a sum."""
        hierarchy = self._hierarchy
        total, parts = hierarchy.totals[number], _row(self._parts, number)
        holes, shown = parts[self.suppressed[parts]], parts[~self.suppressed[parts]]
        if self.suppressed[total]:
            return None if len(holes) or hierarchy.hidden[total] else self._cheapest(shown)
        if hierarchy.empty[holes].all() or (
            self._union(total, holes, shown) >= self._min_authors and self._vague(holes)
        ):
            return None
        return self._cheapest(shown) if len(shown) else total

    def _union(self, total: int, holes: Ints, shown: Ints) -> int:
        """The fewest authors that the suppressed parts may have together, whether or not parts share authors."""
        authors = self._hierarchy.authors
        return int(max(authors[holes].max(), authors[total] - authors[shown].sum()))

    def _vague(self, holes: Ints) -> bool:
        return len(holes) > 1 or bool(self._hierarchy.hidden[holes[0]])

    def _cheapest(self, cells: Ints) -> int:
        """The cell that breaks into the fewest whole sums, then the one of fewest authors; an overall total last."""
        hierarchy = self._hierarchy
        broken = self._sums_with[cells] @ (self._holes == 0)
        return int(cells[np.lexsort((cells, hierarchy.authors[cells], broken, hierarchy.top[cells]))[0]])


def _row(matrix: csr_array, number: int) -> Ints:
    return np.asarray(matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]])

"""The distinct cells of a report, and which of them add up to which."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mh_batch.reporting.groupings import ALL, DIMENSIONS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Scope = frozenset[int]

# A crossing is a number whose bits are the dimensions.
CROSSINGS = 1 << len(DIMENSIONS)
BY_LANGUAGE = 1 << DIMENSIONS.index("language")

_LANGUAGE_COLUMN = 1 + DIMENSIONS.index("language")
_MOST_SCOPES = 1 << 15


class Lattice:
    """Distinct cells, as rows of codes: scope (0 where cut by language), then values (0 where not cut by them).

    Attributes:
        cell_of_row: The cell that each row of the report shows.
        codes: Cells x (scope and dimensions).
        authors: Authors of each cell; the fewest where rows differ.
        hidden: Whether no row shows the cell.
        scopes: Sets of languages, by their codes.
        families: The crossings of each scope.
        differences: Crossing, and numbers of three scopes: one whose cells are the sums of those of the other two.
    """

    def __init__(self, cells: pa.Table) -> None:
        """Read the cells from the report's rows.

        Args:
            cells: Columns `scope`, `by`, the dimensions, and `authors`.

        Raises:
            ValueError: `by` names no dimension, or one number cannot hold all combinations of values.
        """
        crossings = _crossings(cells)
        languages, self.scopes, scope_of_row = _scopes(cells, crossings)
        columns = [_codes(cells, name, crossings, languages) for name in DIMENSIONS]
        codes = np.column_stack([np.where(crossings & BY_LANGUAGE, 0, scope_of_row + 1), *columns])
        self._shape = (_MOST_SCOPES, *(max(column.max(), len(languages)) + 1 for column in columns))
        self._keys, first, self.cell_of_row = np.unique(self._key(codes), return_index=True, return_inverse=True)
        self.codes, self._crossings = codes[first], crossings[first]
        self.authors = np.full(len(first), np.iinfo(np.int64).max)
        np.minimum.at(self.authors, self.cell_of_row, cells["authors"].to_numpy())
        self.hidden = np.zeros(len(first), dtype=bool)
        self.families = [set(crossings[scope_of_row == number].tolist()) for number in range(len(self.scopes))]
        self.differences: list[tuple[int, int, int, int]] = []

    def totals(self) -> Bools:
        """Return which cells are totals of a scope that no other scope contains."""
        widest = [n + 1 for n, scope in enumerate(self.scopes) if not any(scope < other for other in self.scopes)]
        return np.asarray((self._crossings == 0) & np.isin(self.codes[:, 0], widest))

    def sums(self) -> Iterator[tuple[Ints, Ints, int]]:
        """Yield totals and parts, pair by pair (total -1 if there is none), and a number for the way of splitting.

        The number is the crossing of the parts; from `CROSSINGS` on, the parts are of the total's own crossing and of
        narrower scopes.
        """
        for coarse, fine in permutations(np.unique(self._crossings).tolist(), 2):
            if coarse & fine == coarse:
                yield from self._sums_between(coarse, fine)
        for crossing, whole, *narrower in self.differences:
            for scope in narrower:
                cells = self.select(crossing, scope)
                yield self.find(self.project(cells, crossing, whole)), cells, CROSSINGS + narrower[0]

    def _sums_between(self, coarse: int, fine: int) -> Iterator[tuple[Ints, Ints, int]]:
        if coarse & BY_LANGUAGE:
            cells = np.flatnonzero(self._crossings == fine)
            yield self.find(self.project(cells, coarse, 0)), cells, fine
            return
        for scope, family in enumerate(self.families):
            if coarse in family and fine in self.splits(scope):
                cells = self.select(fine, scope)
                yield self.find(self.project(cells, coarse, scope)), cells, fine

    def splits(self, scope: int) -> set[int]:
        """Return crossings of a scope, and those by language that scopes which have its languages publish together."""
        by_language = {crossing for family in self.families for crossing in family if crossing & BY_LANGUAGE}
        return self.families[scope] | {c for c in by_language if self.scopes[scope] <= self._languages_of(c)}

    def _languages_of(self, crossing: int) -> Scope:
        known = zip(self.scopes, self.families, strict=True)
        return frozenset[int]().union(*(scope for scope, family in known if crossing in family))

    def select(self, crossing: int, scope: int) -> Ints:
        """Return the cells of a crossing and a scope."""
        chosen = self._crossings == crossing
        if crossing & BY_LANGUAGE:
            return np.flatnonzero(chosen & np.isin(self.codes[:, _LANGUAGE_COLUMN], list(self.scopes[scope])))
        return np.flatnonzero(chosen & (self.codes[:, 0] == scope + 1))

    def project(self, cells: Ints, crossing: int, scope: int, language: int = 0) -> Ints:
        """Return keys of the cells' totals; of cells not cut by language, as if they were of this one.

        Args:
            cells: The cells.
            crossing: The crossing of the totals.
            scope: Their scope.
            language: Code of a language to which cells that are not cut by language are taken to belong.
        """
        cut = np.array([crossing >> index & 1 for index in range(len(DIMENSIONS))])
        first = 0 if crossing & BY_LANGUAGE else scope + 1
        codes = np.column_stack([np.full(len(cells), first), self.codes[cells, 1:] * cut])
        codes[:, _LANGUAGE_COLUMN] += language
        return self._key(codes)

    def find(self, keys: Ints) -> Ints:
        """Return the cells of the keys, -1 for those that do not exist."""
        order = np.argsort(self._keys)
        at = np.minimum(np.searchsorted(self._keys, keys, sorter=order), len(order) - 1)
        return np.asarray(np.where(self._keys[order[at]] == keys, order[at], -1))

    def add(self, keys: Ints, authors: Ints, crossing: int, scope: int) -> None:
        """Add cells that no row shows to the crossing of a scope, other than those known already.

        Args:
            keys: Keys of the cells.
            authors: Their authors.
            crossing: The crossing.
            scope: The scope.
        """
        new = self.find(keys) < 0
        self._keys = np.concatenate([self._keys, keys[new]])
        self.codes = np.concatenate([self.codes, np.stack(np.unravel_index(keys[new], self._shape), axis=1)])
        self._crossings = np.concatenate([self._crossings, np.full(new.sum(), crossing)])
        self.authors = np.concatenate([self.authors, authors[new]])
        self.hidden = np.concatenate([self.hidden, np.ones(new.sum(), dtype=bool)])
        self.families[scope].add(crossing)

    def scope_number(self, scope: Scope) -> int:
        """Return the number of a scope, a new one if need be."""
        if scope not in self.scopes:
            self.scopes.append(scope)
            self.families.append(set())
        return self.scopes.index(scope)

    def _key(self, codes: Ints) -> Ints:
        return np.asarray(np.ravel_multi_index(tuple(codes.T), self._shape), dtype=np.int64)


def _crossings(cells: pa.Table) -> Ints:
    by = cells["by"].combine_chunks().dictionary_encode()
    crossings = np.array([_crossing(name) for name in by.dictionary.to_pylist()], dtype=np.int64)
    return np.asarray(crossings[by.indices.to_numpy()])


def _crossing(by: str) -> int:
    names = {"period" if name in ("day", "week", "month") else name for name in by.split(",")} - {ALL}
    if unknown := names - set(DIMENSIONS):
        raise ValueError(f"by '{by}': {', '.join(sorted(unknown))} is no dimension")
    return sum(1 << DIMENSIONS.index(name) for name in names)


def _scopes(cells: pa.Table, crossings: Ints) -> tuple[list[str], list[Scope], Ints]:
    """The languages, the scopes as sets of languages' codes, and the number of each row's scope."""
    scope = cells["scope"].combine_chunks().dictionary_encode()
    named = [set(names.split(",")) for names in scope.dictionary.to_pylist()]
    # A model may have scored what it does not name, such as documents of unknown language.
    by_language = pa.array((crossings & BY_LANGUAGE) > 0)
    rows = pa.table({"scope": scope.indices, "language": cells["language"]}).filter(by_language)
    for pair in rows.group_by(["scope", "language"]).aggregate([]).to_pylist():
        named[pair["scope"]].add(pair["language"])
    languages = sorted(set().union(*named))
    code = {language: number + 1 for number, language in enumerate(languages)}
    sets = [frozenset(code[language] for language in names) for names in named]
    scopes = sorted(set(sets), key=sorted)
    return languages, scopes, np.array([scopes.index(languages) for languages in sets])[scope.indices.to_numpy()]


def _codes(cells: pa.Table, name: str, crossings: Ints, languages: list[str]) -> Ints:
    column = cells[name].combine_chunks().dictionary_encode()
    values = column.dictionary.to_pylist()
    known = languages if name == "language" else sorted(values)
    code = {value: number + 1 for number, value in enumerate(known)}
    codes = np.array([code.get(value, 0) for value in values])[column.indices.to_numpy()]
    return np.where(crossings >> DIMENSIONS.index(name) & 1, codes, 0)

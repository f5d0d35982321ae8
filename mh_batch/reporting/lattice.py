"""The cells of a report with those that follow from them, and which of them add up to which."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mh_batch.reporting.groupings import ALL, DIMENSIONS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Scope = frozenset[int]

# A crossing is a number whose bits are the dimensions.
CROSSINGS = 1 << len(DIMENSIONS)
_LANGUAGE = DIMENSIONS.index("language")
_BY_LANGUAGE = 1 << _LANGUAGE
_MOST_SCOPES = 1 << 15


class Lattice:
    """Distinct cells, as rows of codes: scope (0 where cut by language), then values (0 where not cut by them).

    Attributes:
        cell_of_row: The cell that each row of the report shows.
        codes: Cells x (scope and dimensions).
        authors: Authors of each cell; the fewest where rows differ.
        hidden: Whether no row shows the cell.
    """

    def __init__(self, cells: pa.Table) -> None:
        """Read the cells from the report's rows, and add what follows from them.

        Args:
            cells: Columns `scope`, `by`, the dimensions, and `authors`.

        Raises:
            ValueError: `by` names no dimension, or one number cannot hold all combinations of values.
        """
        crossings = _crossings(cells)
        languages, self._scopes, scope_of_row = _scopes(cells, crossings)
        columns = [_codes(cells, name, crossings, languages) for name in DIMENSIONS]
        scope_codes = np.where(crossings & _BY_LANGUAGE, 0, scope_of_row + 1)
        codes = np.column_stack([scope_codes, *columns])
        self._shape = (_MOST_SCOPES, *(len(languages) + 1 if c is columns[_LANGUAGE] else c.max() + 1 for c in columns))
        self._keys, first, self.cell_of_row = np.unique(self._key(codes), return_index=True, return_inverse=True)
        self.codes, self._crossings = codes[first], crossings[first]
        self.authors = np.full(len(first), np.iinfo(np.int64).max)
        np.minimum.at(self.authors, self.cell_of_row, cells["authors"].to_numpy())
        self.hidden = np.zeros(len(first), dtype=bool)
        self._families: list[set[int]] = [set(crossings[scope_of_row == n].tolist()) for n in range(len(self._scopes))]
        self._differences: list[tuple[int, int, int, int]] = []
        self._add_common_totals()
        self._add_differences()

    def totals(self) -> Bools:
        """Return which cells are totals of a scope that no other scope contains."""
        widest = [n + 1 for n, scope in enumerate(self._scopes) if not any(scope < other for other in self._scopes)]
        return np.asarray((self._crossings == 0) & np.isin(self.codes[:, 0], widest))

    def sums(self) -> Iterator[tuple[Ints, Ints, int]]:
        """Yield totals and parts, pair by pair (total -1 if there is none), and a number for the way of splitting.

        The number is the crossing of the parts; from `CROSSINGS` on, the parts are of the total's own crossing and of
        narrower scopes.
        """
        present = np.unique(self._crossings).tolist()
        for coarse, fine in permutations(present, 2):
            if coarse & fine == coarse:
                yield from self._sums_between(coarse, fine)
        for crossing, whole, part, rest in self._differences:
            for scope in (part, rest):
                cells = self._select(crossing, scope)
                yield self._find(self._project(cells, crossing, whole)), cells, CROSSINGS + part

    def _sums_between(self, coarse: int, fine: int) -> Iterator[tuple[Ints, Ints, int]]:
        if coarse & _BY_LANGUAGE:
            cells = np.flatnonzero(self._crossings == fine)
            yield self._find(self._project(cells, coarse, 0)), cells, fine
            return
        for scope, family in enumerate(self._families):
            if coarse in family and fine in self._splits(scope):
                cells = self._select(fine, scope)
                yield self._find(self._project(cells, coarse, scope)), cells, fine

    def _add_common_totals(self) -> None:
        """Two crossings have the totals by the dimensions that they share in common, published or not."""
        for scope in range(len(self._scopes)):
            while missing := self._missing(scope):
                for crossing, finer in missing.items():
                    cells = self._select(finer, scope)
                    keys, inverse = np.unique(self._project(cells, crossing, scope), return_inverse=True)
                    self._add(keys, np.bincount(inverse, self.authors[cells]).astype(np.int64), crossing, scope)

    def _missing(self, scope: int) -> dict[int, int]:
        family = self._splits(scope)
        return {a & b: a for a, b in combinations(sorted(family), 2) if a & b not in family}

    def _add_differences(self) -> None:
        """Totals of a scope less those of a scope within it are totals of the other languages."""
        done = set[tuple[int, int]]()
        while pairs := set(permutations(range(len(self._scopes)), 2)) - done:
            done |= pairs
            for whole, part in sorted(pairs):
                if self._scopes[part] < self._scopes[whole] and self._tells(self._scopes[whole] - self._scopes[part]):
                    self._subtract(whole, part)

    def _tells(self, scope: Scope) -> bool:
        """Whether a scope's totals are more than sums of others'."""
        return scope in self._scopes or not any(a | b == scope and not a & b for a, b in combinations(self._scopes, 2))

    def _subtract(self, whole: int, part: int) -> None:
        # What is split by language too follows from its languages.
        split = [crossing for crossing in self._splits(whole) if crossing & _BY_LANGUAGE]
        for crossing in sorted(self._families[whole] & self._families[part]):
            if not any(crossing & finer == crossing for finer in split):
                rest = self._scope_number(self._scopes[whole] - self._scopes[part])
                if crossing not in self._families[rest]:
                    self._add_difference(crossing, whole, part, rest)
                if self._is_new(crossing, whole, part, rest):
                    self._differences.append((crossing, whole, part, rest))

    def _is_new(self, *difference: int) -> bool:
        """Whether a difference between scopes does not follow from the others of the crossing."""
        own = [known for known in (*self._differences, difference) if known[0] == difference[0]]
        matrix = np.zeros((len(own), len(self._scopes)))
        for row, (_, whole, part, rest) in zip(matrix, own, strict=True):
            row[[whole, part, rest]] = 1, -1, -1
        return bool(np.linalg.matrix_rank(matrix) == len(own))

    def _add_difference(self, crossing: int, whole: int, part: int, rest: int) -> None:
        """Add what is left of each cell; if nothing, an empty cell where the report does not tell that it is empty."""
        cells = self._select(crossing, whole)
        parts = self._find(self._project(cells, crossing, part))
        left = np.maximum(self.authors[cells] - np.where(parts < 0, 0, self.authors[parts]), 0)
        likely = (left > 0) | self._may_be(cells, crossing, rest)
        self._add(self._project(cells, crossing, rest)[likely], left[likely], crossing, rest)

    def _may_be(self, cells: Ints, crossing: int, scope: int) -> Bools:
        """Whether each cell may exist in another scope, as far as it and wider ones show what it would be part of."""
        may_be = np.ones(len(cells), dtype=bool)
        for wider in (n for n, languages in enumerate(self._scopes) if self._scopes[scope] <= languages):
            for other in self._splits(wider):
                common = other & (crossing | _BY_LANGUAGE)
                known = self._project(self._select(other, wider), common, wider)
                languages = self._scopes[scope] if common & _BY_LANGUAGE else [0]
                keys = [self._project(cells, common, wider, language) for language in languages]
                may_be &= np.isin(keys, known).any(axis=0)
        return may_be

    def _scope_number(self, scope: Scope) -> int:
        if scope not in self._scopes:
            self._scopes.append(scope)
            self._families.append(set())
        return self._scopes.index(scope)

    def _splits(self, scope: int) -> set[int]:
        """Crossings of a scope, and those by language that scopes publish which together have all its languages."""
        by_language = {crossing for family in self._families for crossing in family if crossing & _BY_LANGUAGE}
        return self._families[scope] | {c for c in by_language if self._scopes[scope] <= self._languages_of(c)}

    def _languages_of(self, crossing: int) -> Scope:
        known = zip(self._scopes, self._families, strict=True)
        return frozenset[int]().union(*(scope for scope, family in known if crossing in family))

    def _select(self, crossing: int, scope: int) -> Ints:
        chosen = self._crossings == crossing
        if crossing & _BY_LANGUAGE:
            return np.flatnonzero(chosen & np.isin(self.codes[:, 1 + _LANGUAGE], list(self._scopes[scope])))
        return np.flatnonzero(chosen & (self.codes[:, 0] == scope + 1))

    def _project(self, cells: Ints, crossing: int, scope: int, language: int = 0) -> Ints:
        """Keys of the cells' totals; of a language, where the cells are not cut by it."""
        cut = np.array([crossing >> index & 1 for index in range(len(DIMENSIONS))])
        first = 0 if crossing & _BY_LANGUAGE else scope + 1
        codes = np.column_stack([np.full(len(cells), first), self.codes[cells, 1:] * cut])
        codes[:, 1 + _LANGUAGE] += language
        return self._key(codes)

    def _key(self, codes: Ints) -> Ints:
        return np.asarray(np.ravel_multi_index(tuple(codes.T), self._shape), dtype=np.int64)

    def _find(self, keys: Ints) -> Ints:
        order = np.argsort(self._keys)
        at = np.minimum(np.searchsorted(self._keys, keys, sorter=order), len(order) - 1)
        return np.asarray(np.where(self._keys[order[at]] == keys, order[at], -1))

    def _add(self, keys: Ints, authors: Ints, crossing: int, scope: int) -> None:
        new = self._find(keys) < 0
        self._keys = np.concatenate([self._keys, keys[new]])
        self.codes = np.concatenate([self.codes, np.stack(np.unravel_index(keys[new], self._shape), axis=1)])
        self._crossings = np.concatenate([self._crossings, np.full(new.sum(), crossing)])
        self.authors = np.concatenate([self.authors, authors[new]])
        self.hidden = np.concatenate([self.hidden, np.ones(new.sum(), dtype=bool)])
        self._families[scope].add(crossing)


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
    rows = pa.table({"scope": scope.indices, "language": cells["language"]}).filter(
        pa.array((crossings & _BY_LANGUAGE) > 0)
    )
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

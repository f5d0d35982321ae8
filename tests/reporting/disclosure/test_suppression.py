"""What a report does not show cannot be worked out: hand-made cases, and an attack by linear programming."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from mh_batch.reporting.disclosure.suppression import suppress
from mh_batch.reporting.groupings import crossings

DIMENSIONS = ("period", "language", "region", "source")
Crossing = tuple[str, ...]
Cell = tuple[str, Crossing, tuple[str, ...]]
Status = list[str | None]


def cells(counts: dict[str, int], scope: str = "de,en,fr") -> pa.Table:
    """Rows of a report, from lines such as `week=w1 language=de`, in this order; the empty line is the total."""
    rows = []
    for line, authors in counts.items():
        cut = dict(part.split("=") for part in line.split())
        values = {name: cut.get("week" if name == "period" else name, "all") for name in DIMENSIONS}
        rows.append({"scope": scope, "by": ",".join(cut) or "all", **values, "authors": authors})
    return pa.Table.from_pylist(rows)


def suppressed(counts: dict[str, int], min_authors: int = 20) -> dict[str, str]:
    status = suppress(cells(counts), min_authors)
    return {line: reason for line, reason in zip(counts, status, strict=True) if reason}


def two_way(rows: Sequence[Sequence[int]]) -> dict[str, int]:
    """A table of weeks by regions with its totals."""
    table = np.array(rows)
    inner = {f"week=w{w} region=r{r}": int(table[w, r]) for w, r in np.ndindex(*table.shape)}
    weeks = {f"week=w{w}": int(total) for w, total in enumerate(table.sum(axis=1))}
    regions = {f"region=r{r}": int(total) for r, total in enumerate(table.sum(axis=0))}
    return {"": int(table.sum()), **weeks, **regions, **inner}


def test_nothing_is_suppressed_where_nothing_is_small() -> None:
    assert suppressed({"": 60, "language=en": 40, "language=de": 20}) == {}


def test_a_report_without_cells_has_nothing_to_suppress() -> None:
    assert suppress(cells({"": 60}).slice(0, 0), 20) == []


def test_a_small_language_takes_the_next_smallest_with_it() -> None:
    hidden = suppressed({"": 155, "language=en": 100, "language=de": 50, "language=fr": 5})

    assert hidden == {"language=fr": "small", "language=de": "complementary"}


def test_small_languages_that_are_small_together_take_another_with_them() -> None:
    hidden = suppressed({"": 161, "language=en": 100, "language=de": 50, "language=fr": 5, "language=it": 6})

    assert hidden == {"language=fr": "small", "language=it": "small", "language=de": "complementary"}


def test_small_languages_that_are_many_together_take_none_with_them() -> None:
    hidden = suppressed({"": 171, "language=en": 100, "language=de": 50, "language=fr": 12, "language=it": 9})

    assert hidden == {"language=fr": "small", "language=it": "small"}


def test_weeks_that_may_have_the_same_few_authors_take_another_with_them() -> None:
    # The two small weeks have 30 authors if these are different ones, but may as well have the same 15.
    hidden = suppressed({"": 60, "week=w1": 15, "week=w2": 15, "week=w3": 25, "week=w4": 30})

    assert hidden == {"week=w1": "small", "week=w2": "small", "week=w3": "complementary"}


def test_a_small_total_takes_all_with_it() -> None:
    counts = {"": 19, "language=en": 10, "language=de": 9}

    assert suppressed(counts) == dict.fromkeys(counts, "small")


def test_a_total_shares_the_lot_of_its_only_part() -> None:
    weeks = {"week=w1": 100, "week=w2": 28, "week=w3": 60}
    languages = {"language=en": 120, "language=de": 68}
    parts = {"week=w1 language=en": 92, "week=w1 language=de": 8, "week=w2 language=en": 28, "week=w3 language=de": 60}

    hidden = suppressed({"": 188, **weeks, **languages, **parts})

    # German of w1 is small. English of w1 goes for the week's sake, German of w3 for the language's, and English of w2
    # for that of English in turn; w2 and w3 have nothing else.
    gone = ["week=w1 language=en", "week=w3 language=de", "week=w2 language=en", "week=w3", "week=w2"]
    assert hidden == {"week=w1 language=de": "small", **dict.fromkeys(gone, "complementary")}


def test_a_cell_that_two_blocks_of_a_table_hang_together_by_is_not_given_away() -> None:
    # Each row and column has two small cells or more, together large; but weeks 0 and 1 less regions 0 and 1 is (1, 2).
    table = [[12, 12, 90, 91], [12, 12, 12, 92], [93, 94, 12, 12], [95, 96, 12, 12]]
    counts = two_way(table)
    naive = primary_only(cells(counts), 20)
    bridge = list(counts).index("week=w1 region=r2")
    assert Attacker(cells(counts), naive).interval(bridge) == pytest.approx((12, 12))

    status = suppress(cells(counts), 20)

    # One cell more that ties the blocks together is enough.
    (more,) = [line for line, reason in zip(counts, status, strict=True) if reason == "complementary"]
    between = {(w, r) for w, r in np.ndindex(4, 4) if (w < 2) != (r < 2)}
    assert more in {f"week=w{w} region=r{r}" for w, r in between}
    assert Attacker(cells(counts), status).breaches(20) == []


def test_a_small_cell_that_the_others_leave_no_room_is_not_proved_to_be_small() -> None:
    # No row or column gives anything away and nothing is determined; but (0, 0) can exceed 5 only by as much as (1, 2)
    # can fall, which is 1.
    counts = two_way([[5, 15, 100], [101, 19, 1], [15, 102, 19]])
    naive = primary_only(cells(counts), 20)
    first = list(counts).index("week=w0 region=r0")
    assert Attacker(cells(counts), naive).interval(first) == pytest.approx((0, 6))

    status = suppress(cells(counts), 20)

    assert Attacker(cells(counts), status).breaches(20) == []


def test_a_model_of_one_language_does_not_give_away_what_another_suppresses() -> None:
    both = cells({"": 105, "language=en": 100, "language=de": 5}, scope="de,en")
    english = cells({"": 100, "language=en": 100}, scope="en")

    status = suppress(pa.concat_tables([both, english]), 20)

    assert status == [None, "complementary", "small", "complementary", "complementary"]


def test_a_model_of_one_language_stays_shown_where_another_language_can_go() -> None:
    three = cells({"": 155, "language=en": 100, "language=de": 5, "language=fr": 50})
    english = cells({"": 100, "language=en": 100}, scope="en")

    status = suppress(pa.concat_tables([three, english]), 20)

    assert status == [None, None, "small", "complementary", None, None]


def test_regions_of_two_models_do_not_give_away_the_few_whose_language_only_one_knows() -> None:
    regions = {"": 1000, "region=north": 103, "region=south": 397, "region=west": 500}
    english = {"": 800, "region=north": 100, "region=south": 300, "region=west": 400}

    status = suppress(pa.concat_tables([cells(regions, scope="de,en"), cells(english, scope="en")]), 20)

    assert None in (status[0], status[4])
    assert "complementary" in (status[1], status[5])
    assert status.count("complementary") == 2


def test_a_cell_that_two_models_count_differently_has_one_status() -> None:
    first = cells({"": 200, "language=en": 100, "language=de": 60, "language=fr": 40})
    second = cells({"": 175, "language=en": 100, "language=de": 60, "language=fr": 15})

    status = suppress(pa.concat_tables([first, second]), 20)

    assert status == [None, None, "complementary", "small"] * 2


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    table = report(corpus(rng, (4, 4, 5, 2), 600), FAMILIES["usual"], ["de,en,fr,it", "en"])
    order = rng.permutation(len(table))

    status = suppress(table, 20)

    assert suppress(table.take(order), 20) == [status[row] for row in order]
    assert {None, "small", "complementary"} == set(status)


def test_what_is_no_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="age is no dimension"):
        suppress(cells({"": 60}).set_column(1, "by", pa.array(["age"])), 20)


FAMILIES: dict[str, list[Crossing]] = {
    "usual": [(), ("period",), ("language",), ("region",), ("source",), ("period", "language"), ("period", "region")],
    "two-way": [(), ("language",), ("region",), ("language", "region")],
    "linked": [(), ("period",), ("region",), ("period", "region"), ("language",), ("period", "language")],
    "without totals": [(), ("period", "language"), ("period", "region")],
    "deep": [(), ("period",), ("language",), ("region",), ("period", "language"), ("language", "region", "source")],
    "three-way": [(), ("period",), ("language",), ("region",), ("period", "language", "region")],
}
CORPORA = 25


def test_the_crossings_that_reports_count_are_attacked() -> None:
    assert set(FAMILIES["usual"]) == set(crossings((), "week"))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_attacker_learns_nothing_that_is_suppressed(family: str) -> None:
    for seed in range(CORPORA):
        table, least = random_report(seed, FAMILIES[family])
        status = suppress(table, least)

        assert derived_cells_that_are_small(table, status, least) == [], f"corpus {seed}"
        assert Attacker(table, status).breaches(least) == [], f"corpus {seed}"
        assert widest_totals(table, status) <= {None, "small"}, f"corpus {seed}"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_attacker_learns_small_cells_where_only_these_are_suppressed(family: str) -> None:
    breaches: Counter[str] = Counter()
    for seed in range(CORPORA):
        table, least = random_report(seed, FAMILIES[family])
        breaches.update(kind for kind, *_ in Attacker(table, primary_only(table, least)).breaches(least))

    assert breaches["determined"] > 0


def random_report(seed: int, family: Sequence[Crossing]) -> tuple[pa.Table, int]:
    """A report of one or two models on a corpus of skewed sizes, and its minimum of authors."""
    rng = np.random.default_rng(seed)
    sizes = tuple(int(size) for size in rng.integers((1, 2, 2, 1), (5, 5, 6, 4)))
    languages = LANGUAGES[: sizes[1]]
    some = rng.choice(languages, size=int(rng.integers(1, sizes[1] + 1)), replace=False)
    scopes = [",".join(sorted(languages)), ",".join(sorted(some.tolist()))][: int(rng.integers(1, 3))]
    documents = corpus(rng, sizes, int(np.exp(rng.uniform(np.log(50), np.log(3000)))))
    return report(documents, family, list(dict.fromkeys(scopes))), int(rng.choice([5, 20]))


LANGUAGES = ["en", "de", "fr", "it"]


def corpus(rng: np.random.Generator, sizes: Sequence[int], authors: int) -> Counter[tuple[str, ...]]:
    """Authors by period, language, region and source: each author is in one cell, and few cells have most."""
    names = [[f"w{i}" for i in range(sizes[0])], LANGUAGES, [f"r{i}" for i in range(sizes[2])], ["a", "b", "c"]]
    skew = rng.uniform(0.3, 2.5)
    shares = [np.arange(1, size + 1) ** -skew for size in sizes]
    drawn = [rng.choice(size, size=authors, p=share / share.sum()) for size, share in zip(sizes, shares, strict=True)]
    return Counter(tuple(names[i][value] for i, value in enumerate(author)) for author in zip(*drawn, strict=True))


def report(authors: Counter[tuple[str, ...]], family: Sequence[Crossing], scopes: Sequence[str]) -> pa.Table:
    """What models of these scopes publish of a corpus."""
    counts: Counter[tuple[str, Crossing, tuple[str, ...]]] = Counter()
    for scope, crossing, (values, number) in product(scopes, family, authors.items()):
        if values[1] in scope.split(","):
            shown = tuple(v if name in crossing else "all" for name, v in zip(DIMENSIONS, values, strict=True))
            counts[scope, crossing, shown] += number
    rows = [
        {"scope": scope, "by": ",".join(crossing).replace("period", "week") or "all", "authors": number}
        | dict(zip(DIMENSIONS, values, strict=True))
        for (scope, crossing, values), number in counts.items()
    ]
    return pa.Table.from_pylist(rows).select(["scope", "by", *DIMENSIONS, "authors"])


def primary_only(table: pa.Table, least: int) -> Status:
    """The status of cells if nothing but small ones were suppressed."""
    return ["small" if authors < least else None for authors in table["authors"].to_pylist()]


def widest_totals(table: pa.Table, status: Status) -> set[str | None]:
    widest = max(table["scope"].to_pylist(), key=len)
    rows = zip(table["scope"].to_pylist(), table["by"].to_pylist(), status, strict=True)
    return {reason for scope, by, reason in rows if by == "all" and scope == widest}


def crossing_of(row: dict[str, Any]) -> Crossing:
    return () if row["by"] == "all" else tuple(row["by"].replace("week", "period").split(","))


def derived_cells_that_are_small(table: pa.Table, status: Status, least: int) -> list[Any]:
    """Totals shown, with a way of splitting them that leaves one cell unknown, or a few authors."""
    rows = [{**row, "status": reason} for row, reason in zip(table.to_pylist(), status, strict=True)]
    found = []
    for total in (row for row in rows if row["status"] is None):
        own = crossing_of(total)
        parts = [r for r in rows if r["scope"] == total["scope"] and set(own) < set(crossing_of(r))]
        parts = [r for r in parts if r["status"] and all(r[name] == total[name] for name in own)]
        for finer in {crossing_of(row) for row in parts}:
            authors = [row["authors"] for row in parts if crossing_of(row) == finer]
            if len(authors) == 1 or sum(authors) < least:
                found.append((total, finer, authors))
    return found


class Attacker:
    """Knows the cells shown, where rows are missing or suppressed, and that all cells count the same documents.

    Every count that the finest groups may have is a variable, unless a cell that would hold the group has no row; cells
    shown are equations. That takes in all relations between crossings and between models.
    """

    def __init__(self, table: pa.Table, status: Status) -> None:
        self.status = status
        rows = table.to_pylist()
        self.cells: list[Cell] = [(r["scope"], crossing_of(r), tuple(r[n] for n in crossing_of(r))) for r in rows]
        self.members: dict[Cell, list[int]] = {cell: [] for cell in self.cells}
        self.groups = 0
        for group in self._groups(rows):
            self._add(dict(zip(DIMENSIONS, group, strict=True)))
        shown = [row for row, reason in enumerate(status) if reason is None]
        self.equations = np.array([self._sum(self.cells[row]) for row in shown]).reshape(len(shown), self.groups)
        self.counts = np.array([rows[row]["authors"] for row in shown], dtype=float)

    def _groups(self, rows: Iterable[dict[str, Any]]) -> Iterable[tuple[str, ...]]:
        values: dict[str, set[str]] = {name: set() for name in DIMENSIONS}
        for row in rows:
            values["language"].update(row["scope"].split(","))
            for name in crossing_of(row):
                values[name].add(row[name])
        return product(*[sorted(values[name] or {"all"}) for name in DIMENSIONS])

    def _add(self, group: dict[str, str]) -> None:
        crossings = {(scope, crossing) for scope, crossing, _ in self.cells if group["language"] in scope.split(",")}
        holders = [(scope, crossing, tuple(group[name] for name in crossing)) for scope, crossing in crossings]
        if holders and all(holder in self.members for holder in holders):
            for holder in holders:
                self.members[holder].append(self.groups)
            self.groups += 1

    def _sum(self, cell: Cell) -> NDArray[np.float64]:
        terms = np.zeros(self.groups)
        terms[self.members[cell]] = 1
        return terms

    def interval(self, row: int) -> tuple[float, float]:
        """The least and the greatest count that a row may have."""
        return self._extreme(row, 1), -self._extreme(row, -1)

    def _extreme(self, row: int, sign: int) -> float:
        known = {"A_eq": self.equations, "b_eq": self.counts} if len(self.counts) else {}
        result = linprog(sign * self._sum(self.cells[row]), **known, bounds=(0, None), method="highs")
        assert result.status in (0, 3), result.message
        return float(result.fun) if result.status == 0 else -np.inf

    def breaches(self, least: int) -> list[tuple[str, Cell, float, float]]:
        """Suppressed cells whose count is certain, and small ones that are certain to be small."""
        found = []
        for row, reason in enumerate(self.status):
            if reason is not None:
                low, high = self.interval(row)
                if high - low < 1e-6:
                    found.append(("determined", self.cells[row], low, high))
                elif reason == "small" and high < least - 1e-6:
                    found.append(("proved small", self.cells[row], low, high))
        return found

"""Disclosure control, and an attacker who tries to undo it with nothing but the published table.

The attacker looks for authors of each finest combination of values that agree with all that is shown (linear
programmes): cells shown, cells missing, which are empty, and that no count is negative. What all solutions agree in is
given away. Everybody is taken to be in one finest combination, which makes the attack as strong as it can be.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from mh_batch.reporting.disclosure import suppress

DIMENSIONS = ("period", "language", "region", "source")
MINIMUM = 20
Atom = tuple[str, ...]
Status = list[str | None]

LANGUAGES = [(), ("language",)]
USUAL = [*LANGUAGES, ("period",), ("region",), ("period", "language"), ("period", "region")]
ALL_CROSSINGS = [c for size in range(4) for c in itertools.combinations(DIMENSIONS[:3], size)]


def cells(
    atoms: Mapping[Atom, int], crossings: Sequence[Sequence[str]], models: Iterable[Sequence[str] | None] = (None,)
) -> list[dict[str, Any]]:
    """The cells of a report; each model knows some languages, None all of them."""
    rows = []
    for known in models:
        own = {atom: n for atom, n in atoms.items() if n and (known is None or atom[1] in known)}
        scope = ",".join(sorted({atom[1] for atom in own}))
        for crossing in crossings:
            sums: dict[Atom, int] = {}
            for atom, authors in own.items():
                key = tuple(v if d in crossing else "all" for d, v in zip(DIMENSIONS, atom, strict=True))
                sums[key] = sums.get(key, 0) + authors
            by = ",".join("week" if d == "period" else d for d in crossing) or "all"
            rows += [
                {"scope": scope, "by": by, **dict(zip(DIMENSIONS, k, strict=True)), "authors": n}
                for k, n in sums.items()
            ]
    return rows


def hide(rows: Sequence[Mapping[str, Any]], minimum: int = MINIMUM) -> Status:
    schema = pa.schema([*[(n, pa.string()) for n in ("scope", "by", *DIMENSIONS)], ("authors", pa.int64())])
    return suppress(pa.Table.from_pylist(list(rows), schema=schema), minimum)


def by_languages(**authors: int) -> list[dict[str, Any]]:
    return cells({("p", language, "r", "s"): n for language, n in authors.items()}, LANGUAGES)


def told(rows: Sequence[Mapping[str, Any]], status: Status) -> dict[str, str | None]:
    """What became of each language, and of the total."""
    return {row["language"]: one for row, one in zip(rows, status, strict=True)}


def attack(rows: Sequence[Mapping[str, Any]], status: Status) -> Iterator[tuple[int, float, float]]:
    """Yield, for each suppressed row, the fewest and most authors that agree with what is shown."""
    atoms, members = _possible_atoms(rows)
    shown = [i for i, one in enumerate(status) if one is None]
    sums = _indicator([members[i] for i in shown], len(atoms))
    totals = [rows[i]["authors"] for i in shown]
    for i, one in enumerate(status):
        if one is not None:
            goal = _indicator([members[i]], len(atoms)).toarray()[0]
            ends = [_extreme(sign * goal, sums, totals) for sign in (1, -1)]
            yield i, ends[0], -ends[1]


def _possible_atoms(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Atom], list[list[int]]]:
    """Combinations of values that no missing cell shows to be empty, and which of them each row sums."""
    values = [sorted({row[d] for row in rows} - {"all"}) or ["any"] for d in DIMENSIONS]
    values[1] = sorted({language for row in rows for language in row["scope"].split(",")})
    families = {(row["scope"], row["by"]) for row in rows}
    present = {_key(row["scope"], row["by"], tuple(row[d] for d in DIMENSIONS)) for row in rows}
    atoms = [
        atom
        for atom in itertools.product(*values)
        if all(_key(s, by, atom) in present for s, by in families if atom[1] in s.split(","))
    ]
    members = [
        [
            place
            for place, atom in enumerate(atoms)
            if atom[1] in row["scope"].split(",")
            and all(row[d] in ("all", v) for d, v in zip(DIMENSIONS, atom, strict=True))
        ]
        for row in rows
    ]
    return atoms, members


def _key(scope: str, by: str, values: Atom) -> tuple[str, ...]:
    cut = by.replace("week", "period").split(",")
    return (scope, by, *[v if d in cut else "all" for d, v in zip(DIMENSIONS, values, strict=True)])


def _indicator(members: Sequence[Sequence[int]], size: int) -> csr_array:
    lengths = [len(own) for own in members]
    places = np.array([place for own in members for place in own], dtype=int)
    return csr_array((np.ones(len(places)), places, np.cumsum([0, *lengths])), shape=(len(members), size))


def _extreme(goal: np.ndarray, sums: csr_array, totals: Sequence[int]) -> float:
    found = linprog(goal, A_eq=sums, b_eq=totals, bounds=(0, None), method="highs") if totals else None
    if found is None or found.status == 3:  # unbounded
        return 0.0 if goal.min() >= 0 else -np.inf
    assert found.status == 0, found.message
    return float(found.fun)


def breaches(rows: Sequence[Mapping[str, Any]], status: Status, minimum: int = MINIMUM) -> list[str]:
    """What the attacker learns that must not be learnt."""
    found = []
    for i, least, most in attack(rows, status):
        if most - least < 1e-6:
            found.append(f"determined: {rows[i]}")
        if status[i] == "small" and most < minimum - 1e-6:
            found.append(f"proved small: {rows[i]}")
    return found


def draw(seed: int, sizes: Sequence[int], typical: float) -> dict[Atom, int]:
    """Authors of each combination of weeks, languages and regions, very unequal."""
    rng = np.random.default_rng(seed)
    weights = np.multiply.outer(
        np.multiply.outer(*[rng.lognormal(0, 1, n) for n in sizes[:2]]), rng.lognormal(0, 1, sizes[2])
    )
    counts = rng.poisson(typical * weights / weights.mean())
    return {
        (f"w{w}", f"l{g}", f"r{r}", "s"): int(counts[w, g, r])
        for w, g, r in itertools.product(*[range(n) for n in sizes])
    }


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert hide(by_languages(de=40, en=90, fr=20)) == [None] * 4


def test_a_small_language_takes_the_next_larger_one_with_it() -> None:
    rows = by_languages(de=40, en=90, es=5, fr=60)

    assert told(rows, hide(rows)) == {"all": None, "de": "complementary", "en": None, "es": "small", "fr": None}


def test_two_small_languages_that_are_small_together_take_a_third() -> None:
    rows = by_languages(de=40, en=90, es=5, pt=7)

    assert told(rows, hide(rows)) == {"all": None, "de": "complementary", "en": None, "es": "small", "pt": "small"}


def test_two_small_languages_that_are_large_together_suffice() -> None:
    rows = by_languages(de=40, en=90, es=15, pt=17)

    assert told(rows, hide(rows)) == {"all": None, "de": None, "en": None, "es": "small", "pt": "small"}


def test_a_small_corpus_shows_nothing() -> None:
    assert set(hide(by_languages(de=10, en=5))) == {"small"}


def test_no_cells_are_no_trouble() -> None:
    assert hide([]) == []


def test_a_model_of_one_language_does_not_give_away_what_another_hides() -> None:
    atoms: dict[Atom, int] = {
        ("p", language, "r", "s"): n for language, n in {"de": 25, "en": 90, "es": 5, "fr": 60}.items()
    }
    rows = cells(atoms, LANGUAGES, models=(None, ["de"]))

    status = hide(rows)

    german = [one for row, one in zip(rows, status, strict=True) if "de" in (row["language"], row["scope"])]
    assert len(set(german)) == 1, "the German model's total is the other's German cell"
    assert breaches(rows, status) == []


def test_the_minimum_is_the_one_asked_for() -> None:
    rows = by_languages(de=40, en=90, es=30)

    assert told(rows, hide(rows, 35)) == {"all": None, "de": "complementary", "en": None, "es": "small"}


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = cells(draw(1, (4, 3, 4), 12), USUAL)
    order = np.random.default_rng(2).permutation(len(rows))

    shuffled = hide([rows[i] for i in order])

    assert shuffled == [hide(rows)[i] for i in order]


def test_suppressing_only_what_is_small_is_undone_by_the_attack() -> None:
    undone = 0
    for seed in range(5):
        rows = cells(draw(seed, (4, 3, 4), 15), USUAL)
        undone += len(breaches(rows, ["small" if row["authors"] < MINIMUM else None for row in rows]))

    assert undone > 20


def test_two_hidden_cells_in_each_row_and_column_are_not_enough() -> None:
    # Two squares of hidden cells that one more hidden cell joins: it is what the rows of one square leave over.
    hidden = {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (1, 2)}
    atoms: dict[Atom, int] = {(f"w{w}", "en", f"r{r}", "s"): 30 for w in range(4) for r in range(4)}
    rows = cells(atoms, [(), ("period",), ("region",), ("period", "region")])
    names = {(f"w{w}", f"r{r}") for w, r in hidden}
    status = ["small" if (row["period"], row["region"]) in names else None for row in rows]

    given_away = breaches(rows, status, minimum=1)

    assert len(given_away) == 1
    assert "'w1'" in given_away[0]
    assert "'r2'" in given_away[0]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("crossings", "sizes", "typical", "models"),
    [
        (USUAL, (5, 4, 6), 12, (None,)),
        (USUAL, (4, 3, 4), 25, (None, ["l0"])),
        (USUAL, (3, 4, 3), 8, (None, ["l0", "l1"])),
        (ALL_CROSSINGS, (3, 3, 4), 15, (None,)),
        ([(), ("language", "region")], (1, 5, 6), 12, (None,)),
    ],
    ids=["usual", "two models", "models that share languages", "every crossing", "one crossing"],
)
def test_the_attack_finds_nothing(
    seed: int,
    crossings: Sequence[Sequence[str]],
    sizes: tuple[int, int, int],
    typical: float,
    models: Sequence[Sequence[str] | None],
) -> None:
    rows = cells(draw(seed, sizes, typical), crossings, models)

    status = hide(rows)

    assert breaches(rows, status) == []
    for row, one in zip(rows, status, strict=True):
        assert (one == "small") == (row["authors"] < MINIMUM)
        assert one is None or row["by"] != "all" or row["authors"] < MINIMUM or models != (None,)

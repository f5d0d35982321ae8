from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from mh_batch.datasets.preparation.splitting import balance_lengths, connected_groups, split_rows


def rows_of(counts: dict[str, int], languages: tuple[str, ...] = ("en",)) -> pd.DataFrame:
    bands = [band for band, count in counts.items() for _ in range(count)]
    return pd.DataFrame(
        {
            "doc_id": [f"s/{place}" for place in range(len(bands))],
            "source": "s",
            "length_band": bands,
            "language": [languages[place % len(languages)] for place in range(len(bands))],
        }
    )


def test_the_second_seeds_external_set_comes_out_in_its_published_size() -> None:
    # Bands of its 18,198 rows, counted in words; its README says that 11,469 were integrated.
    rows = rows_of({"1-2": 124, "3-8": 3_277, "9-15": 6_781, "16-35": 8_016})
    drawn, drawn_out = balance_lengths(rows, 42)
    assert len(drawn) == 11_469
    assert drawn["length_band"].value_counts().to_dict() == {"16-35": 6_554, "3-8": 3_277, "9-15": 1_638}
    assert len(drawn) + len(drawn_out) == 18_198


def test_the_scarcest_band_decides() -> None:
    rows = rows_of({"3-8": 500, "9-15": 500, "16-35": 500, "36-60": 500, "61-90": 10})
    drawn, _ = balance_lengths(rows, 1)
    wanted = {"3-8": 20, "9-15": 10, "16-35": 40, "36-60": 20, "61-90": 10}
    assert drawn["length_band"].value_counts().to_dict() == wanted


def test_each_language_keeps_its_share() -> None:
    drawn, _ = balance_lengths(rows_of({"3-8": 300, "9-15": 600}, ("en", "de", "fr")), 1)
    assert set(drawn.groupby(["length_band", "language"]).size().unstack().loc["9-15"]) == {50}


def test_the_draw_follows_the_seed_and_not_the_order_of_rows() -> None:
    rows = rows_of({"3-8": 300, "9-15": 600})
    shuffled = rows.sample(frac=1, random_state=np.random.RandomState(5)).reset_index(drop=True)
    first, again, other = (set(balance_lengths(*draw)[0]["doc_id"]) for draw in ((rows, 1), (shuffled, 1), (rows, 2)))
    assert first == again != other


def test_nothing_is_drawn_where_no_text_has_a_length_of_the_bands() -> None:
    drawn, drawn_out = balance_lengths(rows_of({"91+": 5}), 1)
    assert (len(drawn), len(drawn_out)) == (0, 5)
    assert balance_lengths(rows_of({}), 1)[0].empty


SHARES = (0.7, 0.2, 0.1)


def ids(count: int) -> list[str]:
    return [f"doc {place}" for place in range(count)]


def alone(count: int) -> np.ndarray:
    return np.arange(count)


def test_each_stratum_is_split_in_the_shares() -> None:
    strata = pd.DataFrame({"language": ["en"] * 100 + ["de"] * 200, "label": ["yes", "no"] * 150})
    split = split_rows(strata, ids(300), alone(300), SHARES, 42)
    counts = pd.crosstab([strata["language"], strata["label"]], split)
    # de no, de yes, en no, en yes
    assert counts.to_numpy().tolist() == [[70, 20, 10]] * 2 + [[35, 10, 5]] * 2


def test_the_published_sizes_of_the_second_seeds_splits_come_out() -> None:
    # Of 11,469 external and 37,441 generated rows.
    for rows, sizes in ((11_469, (8_028, 2_294, 1_147)), (37_441, (26_208, 7_488, 3_745))):
        split = split_rows(pd.DataFrame({"source": ["s"] * rows}), ids(rows), alone(rows), SHARES, 42)
        assert np.abs(np.bincount(split) - sizes).max() <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(0, 5))
def test_no_stratum_and_no_split_misses_its_share_by_two_rows(sizes: list[int], seed: int) -> None:
    strata = pd.DataFrame({"stratum": np.repeat(np.arange(len(sizes)), sizes)})
    rows = len(strata)
    split = split_rows(strata, ids(rows), alone(rows), SHARES, seed)
    for size, counts in zip(
        sizes, pd.crosstab(strata["stratum"], split).reindex(columns=[0, 1, 2]).to_numpy(), strict=True
    ):
        assert np.abs(np.nan_to_num(counts) - size * np.array(SHARES)).max() < 2
    assert np.abs(np.bincount(split, minlength=3) - rows * np.array(SHARES)).max() < 2


def test_rare_strata_are_dealt_with_their_neighbours_in_the_last_named_column() -> None:
    # Ten categories of one row each in either language: each language as a whole is split in the shares.
    strata = pd.DataFrame({"language": ["en"] * 10 + ["de"] * 10, "category": [str(n) for n in range(10)] * 2})
    split = split_rows(strata, ids(20), alone(20), SHARES, 1)
    assert pd.crosstab(strata["language"], split).to_numpy().tolist() == [[7, 2, 1], [7, 2, 1]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=120), st.integers(0, 5))
def test_an_authors_texts_are_in_one_split(authors: list[int], seed: int) -> None:
    rows = len(authors)
    names = [None if author == 0 else f"author {author}" for author in authors]
    groups = connected_groups(rows, names)
    split = split_rows(pd.DataFrame({"n": [n % 2 for n in range(rows)]}), ids(rows), groups, SHARES, seed)
    places: dict[str, set[int]] = {}
    for name, place in zip(names, split, strict=True):
        if name is not None:
            places.setdefault(name, set()).add(int(place))
    assert all(len(found) == 1 for found in places.values())
    largest = max(Counter(name for name in names if name).values(), default=1)
    assert np.abs(np.bincount(split, minlength=3) - rows * np.array(SHARES)).max() <= largest + 1


def test_many_authors_come_close_to_the_shares_in_each_stratum() -> None:
    authors = [f"author {n // 5}" for n in range(2_000)]
    strata = pd.DataFrame({"label": ["yes" if n // 5 % 4 == 0 else "no" for n in range(2_000)]})
    split = split_rows(strata, ids(2_000), connected_groups(2_000, authors), SHARES, 3)
    shares = pd.crosstab(strata["label"], split, normalize="index").to_numpy()
    assert np.abs(shares - SHARES).max() < 0.02


def test_single_rows_make_up_for_what_groups_left_uneven() -> None:
    authors = ["busy"] * 60 + [None] * 940
    split = split_rows(pd.DataFrame({"s": ["x"] * 1_000}), ids(1_000), connected_groups(1_000, authors), SHARES, 3)
    assert np.bincount(split).tolist() == [700, 200, 100]


def test_rows_are_together_that_share_an_author_or_a_cluster_or_are_linked_by_others() -> None:
    groups = connected_groups(5, ["a", "a", "b", None, None], [1, 2, 2, 3, 4])
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups)) == 3


@pytest.mark.parametrize("grouped", [False, True])
def test_the_split_follows_the_seed_and_not_the_order_of_rows(grouped: bool) -> None:
    rows = 300
    strata = pd.DataFrame({"label": [place % 3 for place in range(rows)]})
    authors = [f"author {place % 40}" if grouped else None for place in range(rows)]
    order = np.random.RandomState(4).permutation(rows)
    names = ids(rows)
    first = split_rows(strata, names, connected_groups(rows, authors), SHARES, 1)
    shuffled = split_rows(
        strata.iloc[order], [names[i] for i in order], connected_groups(rows, [authors[i] for i in order]), SHARES, 1
    )
    assert (first[order] == shuffled).all()
    assert (first != split_rows(strata, names, connected_groups(rows, authors), SHARES, 2)).any()

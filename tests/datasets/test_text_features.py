import pytest
from hypothesis import given, strategies as st

from mh_batch.datasets.text_features import (
    LENGTH_BANDS,
    POST_BANDS,
    POST_SHARES,
    comparable,
    counts_by_share,
    length_band,
)


@pytest.mark.parametrize(
    "copy",
    [
        "WE HAD A LOVELY PICNIC",
        "  we had\ta lovely\n picnic!!! ",
        "We had a lovely picnic https://example.org/a1b2",
        "@somebody We had a lovely picnic, www.example.org/x?y=1",
        "Ｗｅ had a ｌｏｖｅｌｙ picnic",  # noqa: RUF001 - the wide letters are what is tested
    ],
)
def test_case_punctuation_spacing_links_mentions_and_widths_do_not_count(copy: str) -> None:
    assert comparable(copy) == "we had a lovely picnic"


def test_accents_count_in_either_of_their_forms() -> None:
    assert comparable("de\u0301ja\u0300 vu") == comparable("déjà vu") != comparable("deja vu")


def test_texts_without_words_keep_their_own_signs() -> None:
    assert comparable(":)") != comparable(":(")
    assert comparable("https://example.org/a") != comparable("https://example.org/b")


def test_an_address_is_no_mention() -> None:
    assert comparable("write to me@home") == "write to me home"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (1, "1-2"),
        (2, "1-2"),
        (3, "3-8"),
        (8, "3-8"),
        (9, "9-15"),
        (36, "36-60"),
        (90, "61-90"),
        (91, "91+"),
        (340, "91+"),
    ],
)
def test_a_text_lies_in_the_band_that_its_words_say(words: int, name: str) -> None:
    assert length_band(words) == name


def test_what_lies_between_bands_has_a_name_of_its_own() -> None:
    assert [length_band(words, [(1, 2), (5, 6)]) for words in (2, 3, 4, 5, 7)] == ["1-2", "3-4", "3-4", "5-6", "7+"]


def test_bands_stand_in_their_order() -> None:
    assert LENGTH_BANDS == ("1-2", "3-8", "9-15", "16-35", "36-60", "61-90", "91+")


@given(st.integers(0, 10_000))
def test_counts_follow_the_shares_and_none_is_lost(total: int) -> None:
    counts = counts_by_share(total, POST_SHARES)
    assert sum(counts) == total
    assert len(counts) == len(POST_BANDS)
    assert all(abs(count - total * share) <= 1 for count, share in zip(counts, POST_SHARES, strict=True))

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mh_batch.datasets.lengths import POST_BANDS, POST_SHARES, band_name, counts_by_share


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (0, "<3"),
        (2, "<3"),
        (3, "3-8"),
        (8, "3-8"),
        (9, "9-15"),
        (36, "36-60"),
        (90, "61-90"),
        (91, ">90"),
        (340, ">90"),
    ],
)
def test_a_text_lies_in_the_band_that_its_words_say(words: int, name: str) -> None:
    assert band_name(words) == name


def test_bands_with_a_gap_name_what_lies_in_it_by_the_band_above() -> None:
    assert [band_name(words, [(1, 2), (5, 6)]) for words in (2, 3, 4, 5, 7)] == ["1-2", "<5", "<5", "5-6", ">6"]


@given(st.integers(0, 10_000))
def test_counts_follow_the_shares_and_none_is_lost(total: int) -> None:
    counts = counts_by_share(total, POST_SHARES)
    assert sum(counts) == total
    assert len(counts) == len(POST_BANDS)
    assert all(abs(count - total * share) <= 1 for count, share in zip(counts, POST_SHARES, strict=True))

import pytest

from mh_batch.datasets.lengths import LENGTH_BANDS, length_band


@pytest.mark.parametrize(
    ("words", "band"),
    [(1, "1-2"), (2, "1-2"), (3, "3-8"), (8, "3-8"), (9, "9-15"), (35, "16-35"), (61, "61-90"), (91, "91+")],
)
def test_bands_are_those_of_the_second_seed_and_what_lies_outside(words: int, band: str) -> None:
    assert length_band(words) == band


def test_bands_stand_in_order() -> None:
    assert LENGTH_BANDS == ("1-2", "3-8", "9-15", "16-35", "36-60", "61-90", "91+")

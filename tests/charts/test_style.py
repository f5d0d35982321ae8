from itertools import pairwise
from typing import Any

import pytest

from mh_batch.charts.style import COLORS, INK, QUIET, RAMP


@pytest.mark.parametrize("color", COLORS)
def test_colours_stand_out_against_white(color: str) -> None:
    assert 1.05 / (_luminance(color) + 0.05) >= 3


@pytest.mark.parametrize("color", [INK, QUIET])
def test_words_in_charts_are_dark_enough(color: str) -> None:
    assert 1.05 / (_luminance(color) + 0.05) >= 4.5


def test_the_scale_of_the_map_darkens_step_by_step_so_that_it_reads_without_colour() -> None:
    lights = [_luminance(color) for color in RAMP]

    assert all(following < 0.75 * light for light, following in pairwise(lights))


def _luminance(color: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear: list[Any] = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

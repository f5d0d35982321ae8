import re

import numpy as np
import pytest

from mh_batch.errors import SettingsError
from mh_batch.evaluation.measures.thresholds import read_criterion

TRUTH = np.array([1, 1, 0, 1, 0, 0, 1, 0, 0, 0], np.bool_)
SCORES = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


@pytest.mark.parametrize(
    ("criterion", "threshold"),
    [
        # From 0.7 on: three of four found, one false alarm of six: F1 6/8, Youden 3/4 - 1/6. No other cut does better.
        ("f1", 0.7),
        ("youden", 0.7),
        # From 0.9 on all marked are right; one step further two of three.
        ("precision>=0.9", 0.9),
        ("precision >= 0.7", 0.7),
        # All four are found from 0.4 on, three from 0.7 on.
        ("recall>=0.9", 0.4),
        ("recall>=0.75", 0.7),
        # A miss for three false alarms: none missed and three false at 0.4; cost=1: one missed, one false at 0.7, or
        # two missed at 0.9: both cost two, and the higher threshold wins.
        ("cost=3", 0.4),
        ("cost=1", 0.9),
    ],
)
def test_a_threshold_is_the_one_that_a_count_by_hand_finds(criterion: str, threshold: float) -> None:
    assert read_criterion(criterion).choose(TRUTH, SCORES) == threshold


@pytest.mark.parametrize(
    "text", ["", "f2", "precision", "precision>=2", "precision=0.9", "cost=0", "cost=x", "recall>0.9"]
)
def test_what_is_no_criterion_is_answered_with_those_that_are(text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape("precision>=0.9")):
        read_criterion(text)


def test_rows_of_one_class_and_bounds_out_of_reach_are_errors() -> None:
    with pytest.raises(SettingsError, match="do not hold both classes"):
        read_criterion("f1").choose(np.ones(3, np.bool_), SCORES[:3])
    with pytest.raises(SettingsError, match="no threshold reaches precision>=1"):
        read_criterion("precision>=1").choose(~TRUTH, SCORES)

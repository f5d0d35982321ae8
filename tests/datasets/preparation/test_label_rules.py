import math
from typing import Any

import pandas as pd
import pytest

from mh_batch.datasets.preparation import load_preparation_recipe
from mh_batch.datasets.preparation.label_rules import Comparison, Condition, apply_label_rules, matching

RECIPE = load_preparation_recipe("longformer-mental-health-mini")
NEUTRAL, DEPRESSED, ANXIOUS, STRESSED = RECIPE.labels


def claims(source: str, **values: Any) -> dict[str, int]:
    """What the shipped recipe says of one row, without what is unknown."""
    rules = next(one.labels for one in RECIPE.sources if one.name == source)
    row = apply_label_rules(pd.DataFrame({name: [value] for name, value in values.items()}), rules, RECIPE.labels)[0]
    return {label: int(claim) for label, claim in zip(RECIPE.labels, row, strict=True) if not math.isnan(claim)}


@pytest.mark.parametrize("emotions", [["neutral"], ["joy", "relief"], []])
def test_a_calm_comment_denies_the_three_states(emotions: list[str]) -> None:
    assert claims("goemotions", labels=emotions) == {NEUTRAL: 1, DEPRESSED: 0, ANXIOUS: 0, STRESSED: 0}


@pytest.mark.parametrize(
    ("emotions", "expected"),
    [
        (["fear"], {NEUTRAL: 0, DEPRESSED: 0, ANXIOUS: 1}),
        (["grief", "nervousness"], {NEUTRAL: 0, DEPRESSED: 1, ANXIOUS: 1}),
        (["disappointment"], {ANXIOUS: 0}),
        (["disappointment", "sadness"], {NEUTRAL: 0, DEPRESSED: 1, ANXIOUS: 0}),
        (["confusion"], {DEPRESSED: 0}),
        (["remorse", "embarrassment"], {}),
        (["anger", "joy"], {DEPRESSED: 0, ANXIOUS: 0}),
        (["fear", "joy"], {NEUTRAL: 0, DEPRESSED: 0, ANXIOUS: 1}),
    ],
)
def test_emotions_claim_what_they_show_and_leave_open_what_they_may_show(
    emotions: list[str], expected: dict[str, int]
) -> None:
    assert claims("goemotions", labels=emotions) == expected


@pytest.mark.parametrize(
    ("subreddit", "stressed", "expected"),
    [
        ("anxiety", 1, {NEUTRAL: 0, ANXIOUS: 1, STRESSED: 1}),
        ("ptsd", 1, {NEUTRAL: 0, STRESSED: 1}),
        ("anxiety", 0, {STRESSED: 0}),
        ("assistance", 0, {ANXIOUS: 0, STRESSED: 0}),
    ],
)
def test_a_stressed_post_about_anxiety_is_anxious_too(subreddit: str, stressed: int, expected: dict[str, int]) -> None:
    assert claims("dreaddit", subreddit=subreddit, stressed=stressed) == expected


def test_the_depression_set_says_nothing_about_anxiety_and_stress() -> None:
    assert claims("depression", label=1) == {NEUTRAL: 0, DEPRESSED: 1}
    assert claims("depression", label=0) == {DEPRESSED: 0}


@pytest.mark.parametrize(
    ("value", "condition", "met"),
    [
        (1, 1, True),
        (1.0, 1, True),
        ("a", ("a", "b"), True),
        ("c", ("a", "b"), False),
        (None, "a", False),
        (float("nan"), Comparison(at_least=0), False),
        (0.6, Comparison(at_least=0.6), True),
        (0.6, Comparison(at_most=0.5), False),
        (["a", "b"], Comparison(any=("b", "c")), True),
        (["a", "b"], Comparison(none=("b",)), False),
        (["a", "b"], Comparison(only=("a",)), False),
        (["a"], Comparison(only=("a", "b"), none=("b",)), True),
        (["a"], "a", False),
    ],
)
def test_conditions(value: object, condition: Condition, met: bool) -> None:
    assert matching(pd.DataFrame({"column": [value]}), {"column": condition}).tolist() == [met]

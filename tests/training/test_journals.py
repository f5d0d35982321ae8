import math

import pandas as pd

from mh_batch.training.journals import joined_claims, journals

OPEN = float("nan")


def test_one_low_part_makes_a_low_journal() -> None:
    claims = joined_claims([[1, 0, 0, 0], [0, 1, OPEN, OPEN]])
    assert claims[:2] == [0, 1]
    assert all(math.isnan(claim) for claim in claims[2:])


def test_calm_parts_make_a_calm_journal() -> None:
    assert joined_claims([[1, 0, 0, 0], [1, 0, 0, 0]]) == [1, 0, 0, 0]


def test_a_part_of_unknown_mood_leaves_the_mood_open() -> None:
    assert math.isnan(joined_claims([[1, 0, 0, 0], [OPEN, OPEN, 0, 0]])[1])


def test_journals_are_reproducible_and_long_enough() -> None:
    rows = pd.DataFrame(
        {
            "text": ["We had soup for lunch.", "I cry every night."],
            "neutral": [1.0, 0.0],
            "depressed": [0.0, 1.0],
            "anxious": [0.0, OPEN],
            "stressed": [0.0, OPEN],
        }
    )
    made = journals(rows, 5, 40, seed=3)
    assert made.equals(journals(rows, 5, 40, seed=3))
    assert min(len(str(text).split()) for text in made["text"]) >= 10
    cries = made["text"].str.contains("cry")
    assert list(made["depressed"] == 1) == list(cries)

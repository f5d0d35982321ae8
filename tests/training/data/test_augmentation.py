import math

import numpy as np

from mh_batch.training.data.augmentation import joined_targets, journals

OPEN = float("nan")
CALM = 0


def test_one_low_part_makes_a_low_journal() -> None:
    joined = joined_targets([[1, 0, 0, 0], [0, 1, OPEN, OPEN]], CALM)
    assert joined[:2] == [0, 1]
    assert all(math.isnan(target) for target in joined[2:])


def test_calm_parts_make_a_calm_journal() -> None:
    assert joined_targets([[1, 0, 0, 0], [1, 0, 0, 0]], CALM) == [1, 0, 0, 0]


def test_a_part_of_unknown_mood_leaves_the_mood_open() -> None:
    assert math.isnan(joined_targets([[1, 0, 0, 0], [OPEN, OPEN, 0, 0]], CALM)[1])


def test_where_no_label_is_calm_every_state_that_a_part_shows_is_present() -> None:
    assert joined_targets([[0, 1], [0, 0]], None) == [0, 1]


def test_journals_are_reproducible_and_long_enough() -> None:
    texts = ["We had soup for lunch.", "I cry every night."]
    targets = np.array([[1, 0, 0, 0], [0, 1, OPEN, OPEN]], dtype=np.float32)
    made, found = journals(texts, targets, CALM, 5, 40, seed=3)
    again, _ = journals(texts, targets, CALM, 5, 40, seed=3)
    assert made == again
    assert min(len(text.split()) for text in made) >= 10
    assert ["cry" in text for text in made] == (found[:, 1] == 1).tolist()

import math

from mh_batch.training.claims import depression_claims, dreaddit_claims, goemotions_claims


def known(claims: tuple[float, ...]) -> dict[int, float]:
    return {place: claim for place, claim in enumerate(claims) if not math.isnan(claim)}


def test_a_calm_comment_denies_the_three_states() -> None:
    assert known(goemotions_claims(["neutral"])) == {0: 1, 1: 0, 2: 0, 3: 0}
    assert known(goemotions_claims(["joy", "relief"])) == {0: 1, 1: 0, 2: 0, 3: 0}


def test_fear_is_a_claim_about_anxiety_and_none_about_stress() -> None:
    assert known(goemotions_claims(["fear"])) == {0: 0, 1: 0, 2: 1}


def test_a_comment_can_be_sad_and_afraid() -> None:
    assert known(goemotions_claims(["grief", "nervousness"])) == {0: 0, 1: 1, 2: 1}


def test_disappointment_leaves_low_mood_open() -> None:
    assert known(goemotions_claims(["disappointment"])) == {2: 0}


def test_a_stressed_post_about_anxiety_has_two_labels() -> None:
    assert known(dreaddit_claims("anxiety", 1)) == {0: 0, 2: 1, 3: 1}
    assert known(dreaddit_claims("ptsd", 1)) == {0: 0, 3: 1}


def test_an_unstressed_post_about_anxiety_leaves_anxiety_open() -> None:
    assert known(dreaddit_claims("anxiety", 0)) == {3: 0}
    assert known(dreaddit_claims("assistance", 0)) == {2: 0, 3: 0}


def test_the_depression_set_says_nothing_about_anxiety_and_stress() -> None:
    assert known(depression_claims(1)) == {0: 0, 1: 1}
    assert known(depression_claims(0)) == {1: 0}

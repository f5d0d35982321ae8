import pandas as pd
import pytest

from mh_batch.training.data import hash_fraction, held_out, normalise, sentences, without_duplicates

TEXTS = [f"Today I walked {number} times around the lake." for number in range(200)]


def test_a_hash_fraction_is_the_same_in_every_process() -> None:
    assert hash_fraction("A quiet day.", "salt") == pytest.approx(0.8276561)  # printf 'salt\na quiet day' | sha256sum
    assert hash_fraction("A quiet day.", "other salt") != hash_fraction("A quiet day.", "salt")


def test_texts_that_differ_in_case_and_punctuation_fall_on_the_same_side() -> None:
    assert normalise("  A QUIET day!") == normalise("a quiet, day")
    assert hash_fraction("  A QUIET day!", "salt") == hash_fraction("a quiet, day", "salt")


def test_texts_without_words_keep_their_own_signs() -> None:
    assert normalise(":)") != normalise(":(")


def test_the_held_out_share_is_exact_in_every_stratum() -> None:
    strata = ["a"] * 50 + ["b"] * 150
    away = held_out(TEXTS, strata, 0.2, "salt")
    assert away[:50].sum() == 10
    assert away[50:].sum() == 30


def test_the_order_of_rows_does_not_change_who_is_held_out() -> None:
    away = held_out(TEXTS, ["a"] * 200, 0.2, "salt")
    reverse = held_out(TEXTS[::-1], ["a"] * 200, 0.2, "salt")
    assert list(away) == list(reverse[::-1])


def test_only_the_first_of_equal_texts_stays() -> None:
    frame = pd.DataFrame({"text": ["One two.", "one TWO", "three"], "label": [0, 1, 1]})
    assert list(without_duplicates(frame)["label"]) == [0, 1]


def test_sentences_end_at_their_marks() -> None:
    assert sentences("I slept.\nDid I? Yes!") == ["I slept.", "Did I?", "Yes!"]

import itertools
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mh_batch.datasets import LANGUAGES, STATES, load_grammar
from mh_batch.datasets.preparation.near_copies import (
    LONG,
    PERMUTATIONS,
    SHORT,
    candidate_pairs,
    clusters,
    jaccard,
    local_buckets,
    near_pairs,
    rows_per_band,
)
from mh_batch.datasets.text_features import comparable

THRESHOLD = 0.7


def pairs_of(texts: Sequence[str]) -> set[tuple[int, int]]:
    found = near_pairs([comparable(text) for text in texts], THRESHOLD, 1, local_buckets)
    return {(int(first), int(second)) for first, second in found}


def texts_of(language: str, words: int, count: int, seed: int = 5) -> list[str]:
    rng = random.Random(seed)
    grammar = load_grammar(language)
    return [grammar.text(rng.choice(STATES), words, rng) for _ in range(count)]


def one_word_replaced(text: str, rng: random.Random) -> str:
    words = text.split()
    words[rng.randrange(len(words))] = "zebra"
    return " ".join(words)


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "case": lambda text, rng: text.upper(),
    "punctuation": lambda text, rng: text.replace(",", "").replace(".", "!!"),
    "one word replaced": one_word_replaced,
    "a word added": lambda text, rng: f"Okay {text}",
    "another link": lambda text, rng: f"{text} https://example.org/{rng.random()}",
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", [25, 60, 300, 900])
def test_an_edited_copy_is_found_in_every_language_and_length(language: str, words: int, edit: str) -> None:
    rng = random.Random(7)
    texts = texts_of(language, words, 6)
    copies = [EDITS[edit](text, rng) for text in texts]
    found = pairs_of([*texts, *copies])
    assert {(place, place + len(texts)) for place in range(len(texts))} <= found


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_short_posts_with_one_word_replaced_are_found(language: str) -> None:
    rng = random.Random(8)
    texts = texts_of(language, 14, 100)
    found = pairs_of([*texts, *(one_word_replaced(text, rng) for text in texts)])
    assert sum((place, place + 100) in found for place in range(100)) >= 95


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_of_one_phrase_grammar_are_hardly_taken_for_copies(language: str) -> None:
    texts = texts_of(language, 25, 200)
    assert len(pairs_of(texts)) <= 200 * 199 / 2 * 5e-4
    assert not pairs_of(texts_of(language, 60, 100))


def test_what_is_found_are_the_pairs_that_a_full_comparison_finds() -> None:
    rng = random.Random(9)
    texts = [comparable(text) for text in texts_of("en", 14, 150)]
    texts += [comparable(one_word_replaced(text, rng)) for text in texts[:40]]
    pieces = [{f" {text} "[i : i + 4] for i in range(len(text) - 1)} for text in texts]
    expected = {
        (first, second)
        for first, second in itertools.combinations(range(len(texts)), 2)
        if len(pieces[first] & pieces[second]) / len(pieces[first] | pieces[second]) >= THRESHOLD
    }
    assert len(expected) > 40
    assert {(int(a), int(b)) for a, b in near_pairs(texts, THRESHOLD, 3, local_buckets)} == expected


def test_texts_on_either_side_of_the_border_between_short_and_long_are_compared() -> None:
    rng = random.Random(10)
    text = comparable(texts_of("en", 500, 1)[0])[: SHORT.longest - 10].strip()
    copy = f"{text} and there is more to say of it"
    assert SHORT.suits(text)
    assert not SHORT.suits(copy)
    assert pairs_of([text, one_word_replaced(copy, rng)]) == {(0, 1)}


def test_the_jaccard_index_is_that_of_a_hand_count() -> None:
    sets = [np.array([1, 2, 3], np.uint32), np.array([2, 3, 4, 5], np.uint32), np.array([9], np.uint32)]
    assert jaccard(sets, np.array([[0, 1], [0, 2], [1, 1]])) == pytest.approx([2 / 5, 0, 1])


def test_word_shingles_are_runs_of_three_words() -> None:
    assert len(LONG.shingles("one two three four")) == 2
    assert len(LONG.shingles("one")) == 1


def test_candidates_are_all_pairs_of_a_bucket_once() -> None:
    members, sizes = np.array([0, 4, 7, 0, 4, 2, 3]), np.array([3, 2, 2])
    assert candidate_pairs((members, sizes)).tolist() == [[0, 4], [0, 7], [2, 3], [4, 7]]


def test_a_crowd_of_copies_costs_no_more_than_a_comparison_with_its_first_members() -> None:
    crowd = (np.arange(5_000), np.array([5_000]))
    pairs = candidate_pairs(crowd)
    assert len(pairs) <= 20 * 5_000
    assert set(pairs[:, 1]) == set(range(1, 5_000))


def test_clusters_join_texts_that_others_link() -> None:
    numbers = clusters(np.array([[0, 2], [2, 4]]), 6)
    assert numbers[0] == numbers[2] == numbers[4]
    assert len(set(numbers)) == 4


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
def test_a_pair_at_the_threshold_is_missed_once_in_ten_thousand(threshold: float) -> None:
    rows = rows_per_band(threshold)
    assert (1 - threshold**rows) ** (PERMUTATIONS // rows) <= 1e-4
    assert (1 - threshold ** (rows + 1)) ** (PERMUTATIONS // (rows + 1)) > 1e-4


def test_no_texts_have_no_pairs() -> None:
    assert near_pairs([], THRESHOLD, 1, local_buckets).shape == (0, 2)
    assert near_pairs(["alone"], THRESHOLD, 1, local_buckets).shape == (0, 2)

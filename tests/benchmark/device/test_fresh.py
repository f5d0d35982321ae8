from statistics import mean

from mh_batch.benchmark.device.fresh import FreshTexts

CORPUS = [" ".join(f"w{n}-{word}" for word in range(1 + n % 40)) for n in range(400)]


def test_no_text_is_given_twice_and_those_of_the_corpus_come_first() -> None:
    fresh = FreshTexts([*CORPUS, *CORPUS[:9]])
    first, more = fresh.take(400), fresh.take(2000)
    assert sorted(first) == sorted(CORPUS)
    assert len({*first, *more}) == 2400
    assert (fresh.given, fresh.made) == (2400, 2000)


def test_made_texts_are_as_long_as_those_that_they_are_made_of() -> None:
    fresh = FreshTexts(CORPUS)
    real, made = ([len(text.split()) for text in fresh.take(400)] for _ in range(2))
    assert abs(mean(made) - mean(real)) < 2
    assert max(made) <= max(real) + 1
    assert len(set(made)) > 30


def test_of_a_single_word_new_texts_are_made_all_the_same() -> None:
    assert len(set(FreshTexts(["so"]).take(20))) == 20

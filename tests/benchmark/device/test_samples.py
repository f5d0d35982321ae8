from statistics import mean

from mh_batch.benchmark.device.samples import FreshTexts, Samples, TokenizingProcesses
from mh_batch.benchmark.peak import operations
from mh_batch.inference import load_tokenizer
from mh_batch.models import Model
from mh_batch.models.checkpoint import read_config

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


def test_work_is_counted_window_by_window_or_up_to_the_models_longest_input(xlmr_mini: Model) -> None:
    tokenizer, config = load_tokenizer(xlmr_mini), read_config(xlmr_mini.folder)
    texts = ["rain and soup", "a day", "rain " * 40]
    frame = tokenizer.frame(12, 2)
    lengths = tokenizer.encode(texts).lengths.tolist()
    assert lengths[0] <= 10 < lengths[2]
    with TokenizingProcesses(xlmr_mini.tokenizer_folder, 1) as processes:
        samples = Samples(FreshTexts(texts), processes, config, frame)
        sample = samples.of_ids(3)
    cut, whole = samples.cut_off(sample), samples.in_windows(sample)
    assert cut.texts == whole.texts == 3
    assert cut.tokens == sum(min(length, 10) + 2 for length in lengths)
    assert cut.operations == sum(operations(config, min(length, 10) + 2, min(length, 10) + 2) for length in lengths)
    # Each further window of ten brings eight new tokens.
    windows = 1 + -(-(lengths[2] - 10) // 8)
    assert whole.tokens == sum(length + 2 for length in lengths[:2]) + windows * 12

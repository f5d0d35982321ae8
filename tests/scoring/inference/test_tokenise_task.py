from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from mh_batch.errors import CorpusChangedError
from mh_batch.models import Model
from mh_batch.scoring.inference import tokenise_task
from mh_batch.scoring.inference.model_loading import ModelLoader, SharedModels, ShippedModel
from mh_batch.spark import Counters
from tests.scoring.recording_loader import UNTOKENISABLE, RecordingLoader

TEXTS = ["A calm day", f"An {UNTOKENISABLE} day", "Ein Spaziergang am See 🌊"]


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Counters:
    monkeypatch.setattr(tokenise_task, "_loaded", {})
    context = SimpleNamespace(accumulator=lambda start, kind: SimpleNamespace(add=lambda value: None))
    return Counters(context)  # type: ignore[arg-type]  # it only makes accumulators


def tokenise(
    model: Model, counters: Counters, texts: Sequence[str], chars: Sequence[int], load: ModelLoader
) -> list[pa.RecordBatch]:
    work = tokenise_task.tokenising_function(ShippedModel(model, None), counters, load)
    keys = [f"k{number}" for number in range(len(texts))]
    columns = {"content_key": keys, "text": texts, "n_chars": pa.array(chars, pa.int64())}
    return list(work([pa.RecordBatch.from_pydict(columns)]))


def test_texts_become_ids_and_a_failure_harms_no_other(xlmr_mini: Model, counters: Counters) -> None:
    [batch] = tokenise(xlmr_mini, counters, TEXTS, list(map(len, TEXTS)), RecordingLoader(Path()))
    assert batch.schema.names == ["content_key", "ids", "n_tokens", "failure"]
    assert batch["content_key"].to_pylist() == ["k0", "k1", "k2"]
    assert list(map(len, batch["ids"].to_pylist())) == batch["n_tokens"].to_pylist() == [3, 0, 5]
    assert batch["failure"].to_pylist() == [None, "Untokenisable", None]


def test_the_tokenizer_is_the_models_own(xlmr_mini: Model, counters: Counters) -> None:
    from mh_batch.inference import load_tokenizer

    [batch] = tokenise(xlmr_mini, counters, TEXTS, list(map(len, TEXTS)), SharedModels())
    expected = load_tokenizer(xlmr_mini).tokenize(TEXTS)
    assert batch["ids"].values.to_pylist() == expected.tokens.ids.tolist()
    assert batch["n_tokens"].to_pylist() == expected.tokens.lengths.tolist()


def test_long_texts_are_given_to_the_tokenizer_a_few_at_a_time(
    xlmr_mini: Model, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenise_task, "_CHARS_AT_ONCE", 100)
    texts = ["a b c d e" * 5] * 10 + ["a b c d e" * 50] + ["a"] * 5
    batches = tokenise(xlmr_mini, counters, texts, list(map(len, texts)), RecordingLoader(Path()))
    assert [key for batch in batches for key in batch["content_key"].to_pylist()] == [f"k{n}" for n in range(16)]
    lengths = [[len(texts[int(key[1:])]) for key in batch["content_key"].to_pylist()] for batch in batches]
    assert all(sum(own) - max(own) <= 100 for own in lengths)
    assert len(batches) < len(texts)


def test_no_texts_need_no_tokenizer(xlmr_mini: Model, counters: Counters) -> None:
    assert tokenise(xlmr_mini, counters, pa.array([], pa.string()), [], RecordingLoader(Path())) == []
    assert tokenise_task._loaded == {}


def test_a_text_that_changed_since_its_key_was_made_stops_the_run(xlmr_mini: Model, counters: Counters) -> None:
    with pytest.raises(CorpusChangedError, match="replaced while it was being read") as error:
        tokenise(xlmr_mini, counters, ["Another secret day"], [12], RecordingLoader(Path()))
    assert "secret" not in str(error.value)

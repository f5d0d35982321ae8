import json
import shutil
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from numpy.typing import NDArray

from mh_batch.inference import Scorer, TextScore, TextTokenizer, TokenSequences, load_scorer, scorer
from mh_batch.inference.engines import Computation, Computed, Engine, Logits
from mh_batch.models import Model, ModelCard, locate_model

CARD = ModelCard(
    name="toy", title="toy", task="single_label", labels=("no", "yes"), negative_label="no", max_tokens=6, overlap=1
)
MODEL = Model(CARD, Path("nowhere"), Path("nowhere"), ("yes", "no"), "test", "0")


class LetterTokenizer(TextTokenizer):
    """One token per letter, between 0 and 1; chokes on a question mark."""

    def __init__(self) -> None:
        self._prefix, self._suffix = [0], [1]

    def encode(self, texts: Sequence[str]) -> TokenSequences:
        if any("?" in text for text in texts):
            raise ValueError("cannot read a secret?")
        return TokenSequences.of([[ord(letter) for letter in text if letter != "_"] for text in texts])


def rows(windows: TokenSequences) -> list[list[int]]:
    return [row.tolist() for row in np.split(windows.ids, windows.offsets[1:-1])]


class SumEngine(Engine):
    """Logits from the sum of a window's tokens; `fails` may raise for a batch."""

    def __init__(self, fails: Callable[[list[list[int]]], Exception | None] = lambda windows: None) -> None:
        self.batches: list[int] = []
        self._fails = fails

    def submit(self, windows: TokenSequences) -> Computation:
        self.batches.append(len(windows))
        error = self._fails(rows(windows))
        if error:
            raise error
        return Computed(self.said(windows))

    def said(self, windows: TokenSequences) -> Logits:
        return np.array([[sum(window) / 100, 1.0] for window in rows(windows)], dtype=np.float64)


def score(texts: list[str], engine: SumEngine | None = None, model: Model = MODEL) -> list[TextScore]:
    return Scorer(model, LetterTokenizer(), engine or SumEngine(), token_budget=24).score(texts)


def yes(scored: TextScore) -> float:
    assert scored.probabilities is not None
    return scored.probabilities[1]


def test_outputs_in_the_checkpoints_order_come_back_in_the_cards() -> None:
    logit = (0 + ord("a") + 1) / 100
    assert yes(score(["a"])[0]) == pytest.approx(np.exp(logit) / (np.exp(logit) + np.exp(1)), abs=1e-7)


def test_independent_labels_go_through_sigmoids() -> None:
    card = CARD.model_copy(update={"task": "multi_label"})
    scored = score(["a"], model=replace(MODEL, card=card))[0]
    assert scored.probabilities == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-0.98))], abs=1e-7)


def test_scores_do_not_depend_on_order_or_neighbours() -> None:
    texts = ["a", "bcd", "long enough for windows", "z" * 40, "b"]
    together = {text: yes(s) for text, s in zip(texts, score(texts), strict=True)}
    backwards = {text: yes(s) for text, s in zip(texts[::-1], score(texts[::-1]), strict=True)}
    alone = {text: yes(score([text])[0]) for text in texts}
    assert together == backwards == alone


def test_tokens_and_windows_are_counted_without_special_tokens() -> None:
    # Windows of 4 letters (6 less 2 specials) that share 1: 4, 7, 10 letters.
    counts = [(s.n_tokens, s.n_windows) for s in score(["abcd", "abcde", "abcdefg", "abcdefgh"])]
    assert counts == [(4, 1), (5, 2), (7, 2), (8, 3)]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        torch.AcceleratorError("CUDA error: out of memory"),
    ],
)
def test_a_batch_that_runs_out_of_memory_is_halved_until_it_fits(error: Exception) -> None:
    engine = SumEngine(lambda windows: error if len(windows) > 2 else None)
    texts = ["ab", "cd", "ef", "gh", "ij", "kl"]
    assert score(texts, engine) == score(texts)
    assert engine.batches[:3] == [6, 3, 1]


class BehindEngine(SumEngine):
    """Computes when it is asked for the result, and fails then, as a device does that is never waited for."""

    in_flight = 3

    def __init__(self, fails: Callable[[list[list[int]]], Exception | None] = lambda windows: None) -> None:
        super().__init__(fails)
        self.submitted, self.most_waiting = 0, 0
        self.tokens: list[int] = []

    def submit(self, windows: TokenSequences) -> Computation:
        self.submitted += 1
        self.tokens.append(windows.tokens)
        self.most_waiting = max(self.most_waiting, self.submitted - len(self.batches))
        engine = self

        class Waiting:
            def result(self) -> Logits:
                return SumEngine.submit(engine, windows).result()

        return Waiting()


def test_several_batches_are_under_way_and_results_are_read_behind() -> None:
    texts = [letter * length for length in (1, 2, 3, 40) for letter in "abcdefghijklmn"]
    engine = BehindEngine()
    assert score(texts, engine) == score(texts)
    assert engine.most_waiting == 3


def test_a_batch_that_fails_behind_is_halved_once_the_others_are_done() -> None:
    engine = BehindEngine(lambda windows: MemoryError() if len(windows) > 4 else None)
    texts = [letter * length for length in (1, 2, 3, 40) for letter in "abc"]
    assert score(texts, engine) == score(texts)
    assert engine.submitted == len(engine.batches), "nothing is left on the device"


def test_the_memory_of_a_failed_batch_is_free_before_the_next_try() -> None:
    held: list[weakref.ref[NDArray[np.float64]]] = []

    class HoardingEngine(SumEngine):
        def submit(self, windows: TokenSequences) -> Computation:
            assert all(reference() is None for reference in held)
            hidden_states = np.zeros(len(windows), dtype=np.float64)
            held.append(weakref.ref(hidden_states))
            if len(windows) > 1:
                raise MemoryError
            return super().submit(windows)

    assert [s.failure for s in score(["ab", "cd", "ef"], HoardingEngine())] == [None] * 3
    assert len(held) > 3


def test_a_device_that_refuses_everything_ends_the_work() -> None:
    engine = SumEngine(lambda windows: torch.AcceleratorError("CUDA error: device-side assert triggered"))
    with pytest.raises(torch.AcceleratorError):
        score(["ab", "cd"], engine)


def test_a_text_that_fails_alone_is_named_by_a_word_and_harms_no_other() -> None:
    engine = SumEngine(lambda windows: MemoryError() if any(ord("x") in w for w in windows) else None)
    scored = score(["ab", "xx", "cd", "efghijklmnx"], engine)
    assert [s.failure for s in scored] == [None, "out_of_memory", None, "out_of_memory"]
    assert scored[1].probabilities is None
    assert yes(scored[0]) == yes(score(["ab"])[0])


def test_a_failure_never_quotes_the_error_message() -> None:
    assert [s.failure for s in score(["ab", "why?", "cd"])] == [None, "ValueError", None]


def test_a_text_on_which_the_tokenizer_panics_harms_no_other_and_is_not_printed(
    xlmr_mini: Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(xlmr_mini.folder, tmp_path / "brittle"))
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    backtracks = {"type": "Split", "pattern": {"Regex": "(b+b+)+c"}, "behavior": "Isolated", "invert": False}
    (folder / "tokenizer.json").write_text(json.dumps({**content, "pre_tokenizer": backtracks}), "utf-8")
    sound, panicking = load_scorer(locate_model(str(folder))).score(["a calm day", "b" * 60])
    assert sound.probabilities is not None
    assert (panicking.probabilities, panicking.failure) == (None, "PanicException")
    assert capfd.readouterr() == ("", "")


def test_a_text_without_tokens_fails_as_such() -> None:
    assert score(["__", "a"])[0] == TextScore(None, failure="no_tokens")


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
@pytest.mark.parametrize("logit", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_is_a_failure_not_a_certainty(task: str, logit: float) -> None:
    class WildEngine(SumEngine):
        def said(self, windows: TokenSequences) -> Logits:
            return np.array([[0.0, logit]] * len(windows), dtype=np.float64)

    model = replace(MODEL, card=CARD.model_copy(update={"task": task}))
    assert score(["ab"], WildEngine(), model)[0].failure == "not_finite"


def test_no_texts_give_no_scores() -> None:
    assert score([]) == []


def test_batches_count_what_the_engine_pads_to() -> None:
    engine = SumEngine()
    engine.pads_to = 12
    assert score(["ab", "cd", "ef"], engine) == score(["ab", "cd", "ef"])
    assert engine.batches == [2, 1]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(0, 60), max_size=40),
    pool=st.integers(1, 400),
    budget=st.integers(1, 100),
    in_flight=st.integers(1, 4),
    most=st.integers(1, 8),
    pads_to=st.sampled_from([0, 1, 8]),
)
def test_each_text_of_a_stream_is_scored_once_as_if_it_were_alone(
    monkeypatch: pytest.MonkeyPatch,
    lengths: list[int],
    pool: int,
    budget: int,
    in_flight: int,
    most: int,
    pads_to: int,
) -> None:
    monkeypatch.setattr(scorer, "release_memory", lambda: None)  # it takes its time, and there is nothing to release
    monkeypatch.setattr(scorer, "_POOL_TOKENS", pool)
    monkeypatch.setattr(scorer, "_CHUNK_TEXTS", 3)
    engine = BehindEngine(lambda windows: MemoryError() if len(windows) > most else None)
    engine.in_flight, engine.pads_to = in_flight, pads_to
    texts = [chr(97 + number % 26) * length or "_" for number, length in enumerate(lengths)]
    found = list(Scorer(MODEL, LetterTokenizer(), engine, budget).stream(enumerate(texts)))
    assert sorted(number for number, _ in found) == list(range(len(texts)))
    assert all(tokens <= max(budget, CARD.max_tokens) for tokens in engine.tokens) or pads_to
    assert dict(found) == {number: score([text])[0] for number, text in enumerate(texts)}


def test_a_stream_is_read_a_bounded_way_ahead_and_batches_stay_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "_POOL_TOKENS", 4800)
    drawn = 0

    def texts() -> Iterator[tuple[int, str]]:
        nonlocal drawn
        for number in range(20_000):
            drawn += 1
            yield number, "abcd"[: 1 + number % 4]

    engine = SumEngine()
    furthest, found = 0, {}
    for done, (number, scored) in enumerate(Scorer(MODEL, LetterTokenizer(), engine, 600).stream(texts()), start=1):
        found[number] = yes(scored)
        furthest = max(furthest, drawn - done)
    assert found == {number: yes(s) for number, s in enumerate(score(["a", "ab", "abc", "abcd"] * 5_000))}
    # Three chunks of 256 texts and the pool, in windows of three tokens or more.
    assert furthest <= 3 * 256 + 4800 // 3
    assert sum(batch < 100 for batch in engine.batches) <= 1

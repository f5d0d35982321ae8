"""Against Hugging Face's own tokenizer, model and forward pass, one text at a time."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mh_batch.datasets import load_grammar
from mh_batch.inference import load_scorer
from mh_batch.models import Model

TOLERANCE = 1e-5


def reference_windows(tokenizer: Any, text: str, model: Model) -> list[list[int]]:
    """Windows as Hugging Face cuts them; the last one is filled up with the tokens before it."""
    card = model.card
    cut = tokenizer(
        text, truncation=True, max_length=card.max_tokens, stride=card.overlap, return_overflowing_tokens=True
    )["input_ids"]
    if len(cut) > 1:
        whole = tokenizer(text)["input_ids"]
        room = card.max_tokens - 2
        cut[-1] = [whole[0], *whole[1:-1][-room:], whole[-1]]
    windows: list[list[int]] = cut
    return windows


def reference(model: Model, texts: list[str]) -> NDArray[np.float64]:
    tokenizer = AutoTokenizer.from_pretrained(model.tokenizer_folder)
    network = AutoModelForSequenceClassification.from_pretrained(model.folder, dtype=torch.float32).eval()
    order = [model.outputs.index(label) for label in model.card.labels]
    rows = []
    for text in texts:
        with torch.no_grad():
            logits = torch.cat(
                [network(torch.tensor([window])).logits for window in reference_windows(tokenizer, text, model)]
            ).double()[:, order]
        if model.card.task == "multi_label":
            rows.append(torch.sigmoid(logits).max(dim=0).values.numpy())
        else:
            windows = torch.softmax(logits, dim=-1).numpy()
            rows.append(max(windows, key=lambda row: -row[0]))
    return np.array(rows)


def texts_of(languages: list[str], words: list[int]) -> list[str]:
    rng = random.Random(5)
    states = ["neutral", "depressed", "anxious", "stressed"]
    return [
        load_grammar(language).text(rng.choice(states), n_words, rng) for language in languages for n_words in words
    ]


def assert_parity(model: Model, texts: list[str], least_windows: int) -> None:
    expected = reference(model, texts)
    shuffled = random.Random(1).sample(range(len(texts)), len(texts))
    for order in (list(range(len(texts))), shuffled):
        scored = load_scorer(model, budget=1024).score([texts[i] for i in order])
        found = np.array([score.probabilities for score in scored])
        assert np.abs(found - expected[order]).max() <= TOLERANCE
        assert max(score.n_windows for score in scored) >= least_windows


def test_xlmr_scores_equal_hugging_face_from_one_to_many_windows(xlmr_mini: Model) -> None:
    assert_parity(xlmr_mini, texts_of(["en", "de", "fr", "it", "pt", "es"], [4, 30, 90, 700, 1500]), least_windows=3)


def test_longformer_scores_equal_hugging_face_from_one_to_many_windows(longformer_mini: Model) -> None:
    assert_parity(longformer_mini, texts_of(["en"], [4, 30, 90, 400, 1500, 3600, 8000]), least_windows=2)


@pytest.mark.parametrize(
    "text",
    ["a", "😀😀", "</s> is in the text", "a <pad> in <pad> the text", "ﬁ ½ Å", "\u202eright to left", "x" * 3000],
)
def test_unusual_texts_score_as_hugging_face_scores_them(xlmr_mini: Model, longformer_mini: Model, text: str) -> None:
    for model in (xlmr_mini, longformer_mini):
        score = load_scorer(model).score([text])[0]
        assert score.failure is None
        assert np.abs(np.array(score.probabilities) - reference(model, [text])[0]).max() <= TOLERANCE

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mh_batch.training.distillation.teacher import Arrays, cached_predictions


class Lengths:
    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Arrays:
        self.asked.append(list(texts))
        return {"lengths": np.array([[len(text)] for text in texts], dtype=np.float32)}


def test_only_new_texts_are_asked_about(tmp_path: Path) -> None:
    ask = Lengths()
    first = cached_predictions(tmp_path, "lengths", ["one", "three", "one"], ask)
    again = cached_predictions(tmp_path, "lengths", ["eleven", "three"], ask)
    assert ask.asked == [["one", "three"], ["eleven"]]
    assert first["lengths"].tolist() == [[3], [5], [3]]
    assert again["lengths"].tolist() == [[6], [5]]


def test_questions_do_not_share_answers(tmp_path: Path) -> None:
    ask = Lengths()
    cached_predictions(tmp_path, "lengths-64", ["one"], ask)
    cached_predictions(tmp_path, "lengths-128", ["one"], ask)
    assert ask.asked == [["one"], ["one"]]

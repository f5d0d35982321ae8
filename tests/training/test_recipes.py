from pathlib import Path

import numpy as np
import pytest

from mh_batch.training import longformer_mental_health_mini as longformer
from mh_batch.training import xlmr_depression_mini as xlmr
from mh_batch.training.command import Places
from mh_batch.training.loop import Schedule
from mh_batch.training.saving import folder_logits

BRIEF = Schedule(epochs=1, batch_rows=16)
XLMR = xlmr.Recipe(held_out=0.5, pieces=80, width=16, layers=2, heads=2, inner=16, fragments=10, schedule=BRIEF)
LONGFORMER = longformer.Recipe(
    held_out=0.3,
    validation=0.3,
    pieces=320,
    width=16,
    heads=2,
    inner=16,
    journals=4,
    journal_tokens=64,
    schedule=BRIEF,
)


def test_the_xlmr_recipe_leaves_a_loadable_folder(sources: Path, teacher: Path, tmp_path: Path) -> None:
    figures = xlmr.train(Places(sources, teacher, tmp_path / "out", tmp_path / "memory"), XLMR)
    assert figures["held_out"]["n"] == 12  # type: ignore[index]
    logits = folder_logits(tmp_path / "out", ["A short one.", "word " * 2000])
    assert logits.shape == (2, 2)
    assert np.isfinite(logits).all()


def test_the_xlmr_recipe_asks_the_teacher_about_no_held_out_text(sources: Path) -> None:
    own, held = xlmr.split(sources, XLMR)
    asked = {*own["text"], *xlmr.other_texts(sources, own, held, XLMR)}
    assert not asked & set(held["text"])


def test_the_same_recipe_gives_the_same_figures(sources: Path, teacher: Path, tmp_path: Path) -> None:
    first = xlmr.train(Places(sources, teacher, tmp_path / "first", labels_only=True), XLMR)
    again = xlmr.train(Places(sources, teacher, tmp_path / "again", labels_only=True), XLMR)
    assert first["held_out"] == again["held_out"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_longformer_recipe_leaves_a_loadable_folder(sources: Path, teacher: Path, tmp_path: Path) -> None:
    figures = longformer.train(Places(sources, teacher, tmp_path / "out"), LONGFORMER)
    assert 0 <= figures["macro_f1"] <= 1  # type: ignore[operator]
    logits = folder_logits(tmp_path / "out", ["A short one.", "word " * 6000])
    assert logits.shape == (2, 4)
    assert np.isfinite(logits).all()

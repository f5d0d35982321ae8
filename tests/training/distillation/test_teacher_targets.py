"""What a student follows of a teacher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mh_batch.errors import SettingsError
from mh_batch.training.data.training_texts import TrainingTexts
from mh_batch.training.distillation.teacher import Teacher
from mh_batch.training.distillation.teacher_targets import encode_with_targets
from mh_batch.training.training_recipe import Distillation, Stage
from tests.training.small_trainings import FAST, STATES, independent, one_label, plan, recipe, run, weights


def test_a_student_that_follows_a_teacher_learns_its_answers(tmp_path: Path, teacher: Path) -> None:
    data = one_label(tmp_path / "data")
    following = Distillation(answers=1.0, summary=1.0, tokens=64)
    stage = Stage(name="states", epochs=1, augmentation={"fragments": 40}, distillation=following, **FAST)
    made = replace(plan(recipe(stage), {"states": data}, tmp_path / "work"), teacher=teacher)
    run(replace(made, teacher_answers=tmp_path / "answers"), tmp_path / "tiny")

    (answers,) = (tmp_path / "answers").iterdir()
    with np.load(answers) as said:
        assert said["logits"].shape[1] == len(STATES)
        own = set(pd.read_parquet(data / "train.parquet")["text"])
        assert len(own) / 2 < len(said["logits"]) == len(said["summary"]) <= len(own) + 40
    assert (tmp_path / "tiny" / "evaluation" / "index.html").is_file()


def test_a_teacher_of_other_labels_cannot_answer(tmp_path: Path, teacher: Path) -> None:
    stage = Stage(name="states", epochs=1, distillation=Distillation(answers=1.0, tokens=64), **FAST)
    made = plan(recipe(stage), {"states": independent(tmp_path / "data")}, tmp_path / "work")
    with pytest.raises(SettingsError, match="a teacher of 3 labels cannot answer for 2"):
        run(replace(made, teacher=teacher), tmp_path / "tiny")


def test_a_panel_fills_in_what_is_unknown(tmp_path: Path, teacher: Path) -> None:
    data = {"states": independent(tmp_path / "data")}
    stage = Stage(
        name="states",
        epochs=1,
        augmentation={"journals": 10, "journal_words": 32},
        distillation=Distillation(panel=0.5, summary=0.2, summary_of="all_tokens", tokens=64),
        **FAST,
    )
    run(
        replace(plan(recipe(stage, architecture="longformer"), data, tmp_path / "work"), teacher=teacher),
        tmp_path / "t",
    )
    assert weights(tmp_path / "t")["classifier.out_proj.weight"].shape == (2, 32)


def test_a_teacher_that_read_the_beginning_of_a_text_only_is_not_followed_in_it(tmp_path: Path, teacher: Path) -> None:
    short, long = "I feel so empty", "I feel so empty and tired of it all " * 4
    claims = np.array([[1, 0], [np.nan, 1], [0, np.nan]] * 10, dtype=np.float32)
    texts = TrainingTexts(
        [text for day in range(10) for text in (f"{short} {day}", f"{long} {day}", f"we eat {day}")], claims, 30
    )
    reads = Teacher(teacher)
    how = Distillation(panel=0.5, summary=0.2, summary_of="all_tokens", tokens=16)
    stage = Stage(name="states", distillation=how)
    wanted = {
        longest: encode_with_targets(texts, reads.tokenizer, longest, stage, reads, tmp_path / "answers").targets
        for longest in (16, 64)
    }
    assert not np.isnan(wanted[16]["summaries"]).any()
    assert np.isnan(wanted[64]["summaries"]).all(axis=1).tolist() == [False, True, False] * 10
    assert wanted[64]["targets"][1].tolist() == pytest.approx([np.nan, 1], nan_ok=True)
    assert not np.isnan(wanted[64]["targets"][[0, 2]]).any()

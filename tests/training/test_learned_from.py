"""What a training learns from, of teachers and of splits, and what it must not see."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mh_batch.datasets.text_features import comparable
from mh_batch.errors import SettingsError, UsageError
from mh_batch.models import locate_model
from mh_batch.training.prepared import open_prepared
from mh_batch.training.recipe import Distillation, Stage
from mh_batch.training.teacher import Teacher
from mh_batch.training.teaching import lessons_of
from mh_batch.training.texts import Texts, held_texts, texts_of
from tests.training.made_up import FAST, ROWS, STATES, independent, one_label, plan, recipe, run, weights


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
    texts = Texts(
        [text for day in range(10) for text in (f"{short} {day}", f"{long} {day}", f"we eat {day}")], claims, 30
    )
    reads = Teacher(teacher)
    how = Distillation(panel=0.5, summary=0.2, summary_of="all_tokens", tokens=16)
    stage = Stage(name="states", distillation=how)
    wanted = {
        longest: lessons_of(texts, reads.tokenizer, longest, stage, reads, tmp_path / "answers").wanted
        for longest in (16, 64)
    }
    assert not np.isnan(wanted[16]["summaries"]).any()
    assert np.isnan(wanted[64]["summaries"]).all(axis=1).tolist() == [False, True, False] * 10
    assert wanted[64]["targets"][1].tolist() == pytest.approx([np.nan, 1], nan_ok=True)
    assert not np.isnan(wanted[64]["targets"][[0, 2]]).any()


def test_no_text_that_a_later_stage_is_measured_on_is_learned_from(tmp_path: Path) -> None:
    emotions, states = open_prepared(one_label(tmp_path / "emotions")), open_prepared(independent(tmp_path / "states"))
    stage = Stage(name="emotions", epochs=1, **FAST)
    held = held_texts([(emotions, stage), (states, stage)])
    learned = texts_of(emotions, stage, None, (), judged=False, held=held)
    measured = {comparable(text) for text in states.rows("test")["text"]}
    assert measured & {comparable(text) for text in emotions.rows("train")["text"]}
    assert not measured & {comparable(text) for text in learned.texts}
    assert len(learned.targets) == len(learned.texts) == learned.own


def test_a_stage_may_learn_from_the_validation_split_and_is_then_measured_on_the_test_split_alone(
    tmp_path: Path,
) -> None:
    stage = Stage(name="states", epochs=1, learns_from=("train", "validation"), **FAST)
    run(plan(recipe(stage), {"states": one_label(tmp_path / "data")}, tmp_path / "work"), tmp_path / "tiny")
    logged = json.loads((tmp_path / "tiny" / "curve.json").read_text())["states"]
    assert not any("eval_loss" in entry for entry in logged)
    texts = {split: pd.read_parquet(tmp_path / "data" / f"{split}.parquet")["text"].map(comparable) for split in ROWS}
    learned = sum(int((~texts[split].isin(texts["test"])).sum()) for split in ("train", "validation"))
    assert locate_model(str(tmp_path / "tiny")).card.trained_on.startswith(f"{learned:,} texts of the data set data")


def test_thresholds_are_not_chosen_on_what_was_learned(tmp_path: Path) -> None:
    stage = Stage(name="states", epochs=1, learns_from=("train", "validation"), **FAST)
    made = plan(recipe(stage), {"states": independent(tmp_path / "data")}, tmp_path / "work")
    with pytest.raises(UsageError, match="thresholds"):
        run(made, tmp_path / "tiny")
    with pytest.raises(ValidationError, match="best epoch"):
        Stage(name="states", learns_from=("train", "validation"), best_by="f1")

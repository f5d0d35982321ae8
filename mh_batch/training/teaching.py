"""What a stage learns from: the prepared rows, texts made of them, and a teacher's answers about all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mh_batch.training.augmentation import fragments
from mh_batch.training.journals import journals
from mh_batch.training.lessons import TARGETS, Lessons
from mh_batch.training.prepared import PreparedData, Targets
from mh_batch.training.recipe import Stage
from mh_batch.training.teacher import Matrix, Teacher, remembered
from mh_batch.training.untyped import HuggingFaceTokenizer


@dataclass(frozen=True)
class Texts:
    """Texts and what is known of their labels (texts x labels; NaN: unknown)."""

    texts: list[str]
    targets: Targets


def texts_of(data: PreparedData, stage: Stage, unlabelled: Sequence[str], judged: bool, seed: int) -> Texts:
    """Gather what a stage learns from.

    Args:
        data: The stage's data set.
        stage: Says what is made of its texts.
        unlabelled: Further texts.
        judged: Whether a teacher answers for texts without labels; they are left out otherwise.
        seed: Of the passages and journals.
    """
    rows = data.rows("train")
    own = Texts(rows["text"].tolist(), data.targets(rows))
    parts = [own]
    wanted = stage.augmentation
    if wanted.journals:
        parts.append(_journals(own, data, wanted.journals, wanted.journal_words, seed))
    if judged:
        passages = fragments(own.texts, rows["language"].tolist(), wanted.fragments, seed) if wanted.fragments else []
        unseen = _apart_from(data, [*unlabelled, *passages])
        parts.append(Texts(unseen, np.full((len(unseen), len(data.labels)), np.nan, np.float32)))
    return Texts([text for part in parts for text in part.texts], np.concatenate([part.targets for part in parts]))


def lessons_of(
    texts: Texts, tokenizer: HuggingFaceTokenizer, longest: int, stage: Stage, teacher: Teacher | None, memory: Path
) -> Lessons:
    """Encode texts, and ask the teacher about them if the stage follows one; `memory` keeps its answers."""
    wanted: dict[str, Matrix] = {TARGETS: texts.targets}
    distillation = stage.distillation
    if teacher is not None and (distillation.answers or distillation.summary):

        def ask() -> dict[str, Matrix]:
            lesson = teacher.judge(texts.texts, distillation.tokens)
            return {"answers": lesson.logits, "summaries": lesson.summary}

        found = remembered(memory, f"answers-{distillation.tokens}", texts.texts, ask)
        wanted["answers"] = np.asarray(found["answers"], dtype=np.float32)
        if distillation.summary:
            summaries = np.asarray(found["summaries"], dtype=np.float32)
            wanted["summaries"] = summaries - summaries.mean(axis=0)
    return Lessons(encoded(tokenizer, texts.texts, longest), wanted)


def encoded(tokenizer: HuggingFaceTokenizer, texts: Sequence[str], longest: int) -> list[list[int]]:
    """Token numbers of each text with special tokens, cut at `longest`."""
    rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return rows


def _apart_from(data: PreparedData, texts: Sequence[str]) -> list[str]:
    """Each text once, without those that the model is to be measured on."""
    from mh_batch.training.data import normalise

    held = {normalise(text) for split in ("validation", "test") for text in data.rows(split)["text"]}
    return [text for text in dict.fromkeys(texts) if normalise(text) not in held]


def _journals(own: Texts, data: PreparedData, count: int, words: int, seed: int) -> Texts:
    frame = pd.DataFrame(own.targets, columns=list(data.labels)).assign(text=own.texts)
    made = journals(frame, count, words, seed)
    return Texts(made["text"].tolist(), made[list(data.labels)].to_numpy(dtype=np.float32))

"""What a stage learns from: the prepared rows, texts made of them, and a teacher's answers about all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mh_batch.training.augmentation import fragments
from mh_batch.training.journals import journals
from mh_batch.training.lessons import TARGETS, Lessons
from mh_batch.training.prepared import PreparedData, Targets
from mh_batch.training.panel import Evidence, beliefs, out_of_fold_beliefs
from mh_batch.training.recipe import Distillation, Stage
from mh_batch.training.teacher import Arrays, Matrix, Teacher, remembered
from mh_batch.training.untyped import HuggingFaceTokenizer


FOLDS = 5
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Texts:
    """Texts and what is known of their labels (texts x labels; NaN: unknown).

    Attributes:
        own: How many of them, the first, are the prepared ones.
    """

    texts: list[str]
    targets: Targets
    own: int


def texts_of(data: PreparedData, stage: Stage, unlabelled: Sequence[str], judged: bool, seed: int) -> Texts:
    """Gather what a stage learns from.

    Args:
        data: The stage's data set.
        stage: Says what is made of its texts.
        unlabelled: Further texts.
        judged: Whether a teacher answers for texts without labels; they are left out otherwise.
        seed: Of the passages and journals.
    """
    rows, wanted = data.rows("train"), stage.augmentation
    own, targets = rows["text"].tolist(), data.targets(rows)
    texts, known = list(own), [targets]
    if wanted.journals:
        frame = pd.DataFrame(targets, columns=list(data.labels)).assign(text=own)
        made = journals(frame, wanted.journals, wanted.journal_words, seed)
        texts += made["text"].tolist()
        known.append(made[list(data.labels)].to_numpy(dtype=np.float32))
    if judged:
        passages = fragments(own, rows["language"].tolist(), wanted.fragments, seed) if wanted.fragments else []
        unseen = _apart_from(data, [*unlabelled, *passages])
        texts += unseen
        known.append(np.full((len(unseen), len(data.labels)), np.nan, np.float32))
    return Texts(texts, np.concatenate(known), len(own))


def lessons_of(
    texts: Texts, tokenizer: HuggingFaceTokenizer, longest: int, stage: Stage, teacher: Teacher | None, memory: Path
) -> Lessons:
    """Encode texts, and ask the teacher about them if the stage follows one; `memory` keeps its answers."""
    wanted: dict[str, Matrix] = {TARGETS: texts.targets}
    if teacher is not None and stage.distillation.asks:
        wanted |= _followed(texts, stage.distillation, teacher, memory)
    return Lessons(encoded(tokenizer, texts.texts, longest), wanted)


def _followed(texts: Texts, how: Distillation, teacher: Teacher, memory: Path) -> dict[str, Matrix]:
    """What the student is to follow besides the labels, or instead of them."""
    said: dict[str, Matrix] = {}
    if how.answers or how.summary_of == "first_token":
        said = _asked(
            memory, f"answers-{how.tokens}", texts.texts, lambda: vars(teacher.judge(texts.texts, how.tokens))
        )
    if how.panel or how.summary_of == "all_tokens":
        said |= _asked(
            memory,
            f"states-{how.tokens}",
            texts.texts,
            lambda: {"states": teacher.states(texts.texts, how.tokens).astype(np.float16)},
        )
    followed: dict[str, Matrix] = {}
    if how.answers:
        followed["answers"] = said["logits"]
    if how.summary:
        followed["summaries"] = _centred(said["summary"] if how.summary_of == "first_token" else said["states"])
    if how.panel:
        followed[TARGETS] = _believed(texts, said["states"], how.panel)
    return followed


def _asked(memory: Path, what: str, texts: Sequence[str], ask: Callable[[], Arrays]) -> dict[str, Matrix]:
    found = remembered(memory, what, texts, ask)
    return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def _believed(texts: Texts, states: Matrix, share: float) -> Targets:
    """Labels mixed with a panel's beliefs: about prepared texts from the labels of others, about the rest from all."""
    own, others = slice(None, texts.own), slice(texts.own, None)
    known = Evidence(texts.texts[own], states[own])
    claims = texts.targets.astype(np.float64)
    believed = [out_of_fold_beliefs(known, claims[own], FOLDS)]
    if texts.own < len(texts.texts):
        believed.append(beliefs(known, claims[own], Evidence(texts.texts[others], states[others])))
    belief = np.concatenate(believed)
    return np.where(np.isnan(claims), belief, (1 - share) * claims + share * belief).astype(np.float32)


def _centred(summaries: Matrix) -> Matrix:
    return (summaries - summaries.mean(axis=0)) / (summaries.std(axis=0) + _LEAST_SPREAD)


def encoded(tokenizer: HuggingFaceTokenizer, texts: Sequence[str], longest: int) -> list[list[int]]:
    """Token numbers of each text with special tokens, cut at `longest`."""
    rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return rows


def _apart_from(data: PreparedData, texts: Sequence[str]) -> list[str]:
    """Each text once, without those that the model is to be measured on."""
    from mh_batch.training.data import normalise

    held = {normalise(text) for split in ("validation", "test") for text in data.rows(split)["text"]}
    return [text for text in dict.fromkeys(texts) if normalise(text) not in held]

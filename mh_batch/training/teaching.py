"""What a stage learns from: the prepared rows, texts made of them, and a teacher's answers about all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.datasets.comparable import comparable
from mh_batch.errors import SettingsError
from mh_batch.training.augmentation import fragments
from mh_batch.training.journals import journals
from mh_batch.training.lessons import TARGETS, Lessons
from mh_batch.training.memory import remembered
from mh_batch.training.panel import Evidence, beliefs, out_of_fold_beliefs
from mh_batch.training.prepared import PreparedData, Split, Targets
from mh_batch.training.recipe import Distillation, Stage
from mh_batch.training.teacher import Arrays, Matrix, Teacher
from mh_batch.training.unlabelled import unlabelled_texts
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


def texts_of(
    data: PreparedData, stage: Stage, calm: int | None, unlabelled: Sequence[Path], judged: bool, held: frozenset[str]
) -> Texts:
    """Gather what a stage learns from. The same texts are made whatever the training's seed, so that runs compare.

    Args:
        data: The stage's data set.
        stage: Says what is made of its texts.
        calm: Number of the label that says that there is nothing else, if any.
        unlabelled: Files with further texts.
        judged: Whether a teacher answers for texts without labels; they are left out otherwise.
        held: Comparable forms of the texts that any stage is measured on; none of them is learned from.
    """
    rows, wanted = own_rows(data, stage, held), stage.augmentation
    own, targets = rows["text"].tolist(), data.targets(rows)
    texts, known = list(own), [targets]
    if wanted.journals:
        made, found = journals(own, targets, calm, wanted.journals, wanted.journal_words, wanted.seed)
        texts += made
        known.append(found)
    if judged:
        passages = fragments(own, rows["language"].tolist(), wanted.fragments, wanted.seed)
        others = dict.fromkeys([*unlabelled_texts(unlabelled, wanted.unlabelled, wanted.seed), *passages])
        unseen = [text for text in others if comparable(text) not in held]
        texts += unseen
        known.append(np.full((len(unseen), len(data.labels)), np.nan, np.float32))
    return Texts(texts, np.concatenate(known), len(own))


def own_rows(data: PreparedData, stage: Stage, held: frozenset[str]) -> pd.DataFrame:
    """The prepared rows that a stage learns from, without texts that any stage is measured on."""
    rows = pd.concat([data.rows(split) for split in stage.learns_from])
    return rows[[comparable(text) not in held for text in rows["text"]]]


def held_texts(sets: Iterable[tuple[PreparedData, Stage]]) -> frozenset[str]:
    """Comparable forms of the texts that models are measured on: of the splits that a stage does not learn from."""
    held: list[tuple[PreparedData, Split]] = [
        (data, split) for data, stage in sets for split in ("validation", "test") if split not in stage.learns_from
    ]
    return frozenset(comparable(text) for data, split in held for text in data.rows(split)["text"])


def lessons_of(
    texts: Texts, tokenizer: HuggingFaceTokenizer, longest: int, stage: Stage, teacher: Teacher | None, memory: Path
) -> Lessons:
    """Encode texts, and ask the teacher about them if the stage follows one; `memory` keeps its answers."""
    wanted: dict[str, Matrix] = {TARGETS: texts.targets}
    if teacher is not None and stage.distillation.asks:
        wanted |= _followed(texts, longest, stage.distillation, teacher, memory)
    return Lessons(encoded(tokenizer, texts.texts, longest), wanted)


def _followed(texts: Texts, longest: int, how: Distillation, teacher: Teacher, memory: Path) -> dict[str, Matrix]:
    """What the student is to follow besides the labels, or instead of them.

    Where it reads on, and the teacher read the beginning of a text only, the teacher is not followed.
    """
    if how.answers:
        _check_labels(teacher, texts.targets.shape[1])
    said: dict[str, Matrix] = {}
    if how.answers or (how.summary and how.summary_of == "first_token"):
        said |= _asked(
            memory, f"{teacher.digest}-answers-{how.tokens}", texts, lambda new: vars(teacher.judge(new, how.tokens))
        )
    if how.panel or (how.summary and how.summary_of == "all_tokens"):
        said |= _asked(
            memory,
            f"{teacher.digest}-states-{how.tokens}",
            texts,
            lambda new: {"states": teacher.states(new, how.tokens)},
        )
    cut = teacher.cuts(texts.texts, how.tokens) & (longest > how.tokens)
    followed: dict[str, Matrix] = {}
    if how.answers:
        followed["answers"] = _where_whole(said["logits"], cut)
    if how.summary:
        summaries = said["summary" if how.summary_of == "first_token" else "states"]
        followed["summaries"] = _where_whole(_standardised(summaries), cut)
    if how.panel:
        followed[TARGETS] = _mixed(texts.targets, _where_whole(_believed(texts, said["states"]), cut), how.panel)
    return followed


def _where_whole(said: Matrix, cut: npt.NDArray[np.bool_]) -> Matrix:
    return np.where(cut[:, None], np.float32(np.nan), said)


def _check_labels(teacher: Teacher, labels: int) -> None:
    if teacher.labels != labels:
        raise SettingsError(
            f"a teacher of {teacher.labels} labels cannot answer for {labels}: take another, or set "
            "distillation.answers to 0 in the recipe and follow its summaries or a panel"
        )


def _asked(memory: Path, what: str, texts: Texts, ask: Callable[[Sequence[str]], Arrays]) -> dict[str, Matrix]:
    found = remembered(memory, what, texts.texts, ask)
    return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def _believed(texts: Texts, states: Matrix) -> Targets:
    """A panel's beliefs: about prepared texts from the labels of others, about the rest from all."""
    own, others = slice(None, texts.own), slice(texts.own, None)
    known = Evidence(texts.texts[own], states[own])
    claims = texts.targets.astype(np.float64)
    believed = [out_of_fold_beliefs(known, claims[own], FOLDS)]
    if texts.own < len(texts.texts):
        believed.append(beliefs(known, claims[own], Evidence(texts.texts[others], states[others])))
    return np.concatenate(believed).astype(np.float32)


def _mixed(claims: Targets, beliefs: Targets, share: float) -> Targets:
    """Claims with so much of the beliefs in them; where only one of both says something, that alone."""
    either = np.where(np.isnan(claims), beliefs, claims)
    return np.where(np.isnan(claims) | np.isnan(beliefs), either, (1 - share) * claims + share * beliefs)


def _standardised(summaries: Matrix) -> Matrix:
    return np.asarray((summaries - summaries.mean(axis=0)) / (summaries.std(axis=0) + _LEAST_SPREAD))


def encoded(tokenizer: HuggingFaceTokenizer, texts: Sequence[str], longest: int) -> list[list[int]]:
    """Token numbers of each text with special tokens, cut at `longest`."""
    rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return rows

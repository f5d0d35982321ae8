"""What a stage is taught: its texts as token rows, their labels, and what a teacher says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mh_batch.errors import SettingsError
from mh_batch.training.encoded_dataset import TARGETS, EncodedDataset
from mh_batch.training.panel import Evidence, out_of_fold_beliefs, soft_labels
from mh_batch.training.prediction_cache import cached_predictions
from mh_batch.training.prepared import Targets
from mh_batch.training.recipe import Distillation, Stage
from mh_batch.training.teacher import Arrays, Matrix, Teacher
from mh_batch.training.texts import Texts
from mh_batch.training.untyped import HuggingFaceTokenizer

FOLDS = 5
_LEAST_SPREAD = 1e-6


def lessons_of(
    texts: Texts, tokenizer: HuggingFaceTokenizer, longest: int, stage: Stage, teacher: Teacher | None, memory: Path
) -> EncodedDataset:
    """Encode texts, and ask the teacher about them if the stage follows one; `memory` keeps its answers."""
    wanted: dict[str, Matrix] = {TARGETS: texts.targets}
    if teacher is not None and stage.distillation.asks:
        wanted |= _followed(texts, longest, stage.distillation, teacher, memory)
    return EncodedDataset(encoded(tokenizer, texts.texts, longest), wanted)


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
    reads_on = longest > how.tokens
    cut = teacher.cuts(texts.texts, how.tokens) if reads_on else np.zeros(len(texts.texts), dtype=np.bool_)
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
    found = cached_predictions(memory, what, texts.texts, ask)
    return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def _believed(texts: Texts, states: Matrix) -> Targets:
    """A panel's beliefs: about prepared texts from the labels of others, about the rest from all."""
    own, others = slice(None, texts.own), slice(texts.own, None)
    known = Evidence(texts.texts[own], states[own])
    claims = texts.targets.astype(np.float64)
    believed = [out_of_fold_beliefs(known, claims[own], FOLDS)]
    if texts.own < len(texts.texts):
        believed.append(soft_labels(known, claims[own], Evidence(texts.texts[others], states[others])))
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

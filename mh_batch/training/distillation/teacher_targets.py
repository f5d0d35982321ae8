"""Targets that a student takes from a teacher besides the labels, or instead of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mh_batch.errors import SettingsError
from mh_batch.training.data.encoded_dataset import TARGETS, EncodedDataset, Matrix, encode_texts
from mh_batch.training.data.prepared_splits import Targets
from mh_batch.training.data.training_texts import TrainingTexts
from mh_batch.training.distillation.panel import TextFeatures, out_of_fold_soft_labels, soft_labels
from mh_batch.training.distillation.teacher import Arrays, Teacher, cached_predictions
from mh_batch.training.training_recipe import Distillation, Stage
from mh_batch.training.untyped import HuggingFaceTokenizer

FOLDS = 5
_LEAST_SPREAD = 1e-6


def encode_with_targets(
    texts: TrainingTexts,
    tokenizer: HuggingFaceTokenizer,
    longest: int,
    stage: Stage,
    teacher: Teacher | None,
    cache: Path,
) -> EncodedDataset:
    """Encode texts with their labels, and with what the teacher says of them if the stage follows one.

    Args:
        texts: To encode.
        tokenizer: The student's.
        longest: Tokens that texts are cut at.
        stage: Says what of the teacher is followed.
        teacher: The teacher, if any.
        cache: Folder that keeps its answers.
    """
    targets: dict[str, Matrix] = {TARGETS: texts.targets}
    if teacher is not None and stage.distillation.asks:
        targets |= _followed(texts, longest, stage.distillation, teacher, cache)
    return EncodedDataset(encode_texts(tokenizer, texts.texts, longest), targets)


def _followed(
    texts: TrainingTexts, longest: int, how: Distillation, teacher: Teacher, cache: Path
) -> dict[str, Matrix]:
    """Targets of the student besides the labels, or instead of them.

    Where it reads on, and the teacher read the beginning of a text only, the teacher is not followed.
    """
    if how.answers:
        _check_labels(teacher, texts.targets.shape[1])
    said: dict[str, Matrix] = {}
    if how.answers or (how.summary and how.summary_of == "first_token"):
        said |= _cached(
            cache, f"{teacher.digest}-answers-{how.tokens}", texts, lambda new: vars(teacher.predict(new, how.tokens))
        )
    if how.panel or (how.summary and how.summary_of == "all_tokens"):
        said |= _cached(
            cache,
            f"{teacher.digest}-states-{how.tokens}",
            texts,
            lambda new: {"states": teacher.states(new, how.tokens)},
        )
    reads_on = longest > how.tokens
    cut = teacher.truncates(texts.texts, how.tokens) if reads_on else np.zeros(len(texts.texts), dtype=np.bool_)
    followed: dict[str, Matrix] = {}
    if how.answers:
        followed["answers"] = _where_whole(said["logits"], cut)
    if how.summary:
        summaries = said["summary" if how.summary_of == "first_token" else "states"]
        followed["summaries"] = _where_whole(_standardised(summaries), cut)
    if how.panel:
        followed[TARGETS] = _mixed(texts.targets, _where_whole(_panel_labels(texts, said["states"]), cut), how.panel)
    return followed


def _where_whole(said: Matrix, cut: npt.NDArray[np.bool_]) -> Matrix:
    return np.where(cut[:, None], np.float32(np.nan), said)


def _check_labels(teacher: Teacher, labels: int) -> None:
    if teacher.labels != labels:
        raise SettingsError(
            f"a teacher of {teacher.labels} labels cannot answer for {labels}: take another, or set "
            "distillation.answers to 0 in the recipe and follow its summaries or a panel"
        )


def _cached(cache: Path, what: str, texts: TrainingTexts, ask: Callable[[Sequence[str]], Arrays]) -> dict[str, Matrix]:
    found = cached_predictions(cache, what, texts.texts, ask)
    return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def _panel_labels(texts: TrainingTexts, states: Matrix) -> Targets:
    """A panel's soft labels: of prepared texts from the labels of others, of the rest from all."""
    prepared, others = slice(None, texts.n_prepared), slice(texts.n_prepared, None)
    known = TextFeatures(texts.texts[prepared], states[prepared])
    labels = texts.targets.astype(np.float64)
    found = [out_of_fold_soft_labels(known, labels[prepared], FOLDS)]
    if texts.n_prepared < len(texts.texts):
        found.append(soft_labels(known, labels[prepared], TextFeatures(texts.texts[others], states[others])))
    return np.concatenate(found).astype(np.float32)


def _mixed(labels: Targets, soft: Targets, share: float) -> Targets:
    """Labels with so much of the soft ones in them; where only one of both says something, that alone."""
    either = np.where(np.isnan(labels), soft, labels)
    return np.where(np.isnan(labels) | np.isnan(soft), either, (1 - share) * labels + share * soft)


def _standardised(summaries: Matrix) -> Matrix:
    return np.asarray((summaries - summaries.mean(axis=0)) / (summaries.std(axis=0) + _LEAST_SPREAD))

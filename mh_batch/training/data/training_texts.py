"""The texts that a stage learns from: the prepared rows, and texts made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mh_batch.datasets.text_features import comparable
from mh_batch.training.data.augmentation import fragments, journals
from mh_batch.training.data.prepared_splits import PreparedData, Targets, training_rows
from mh_batch.training.data.unlabelled import unlabelled_texts
from mh_batch.training.training_recipe import Stage


@dataclass(frozen=True)
class TrainingTexts:
    """Texts and what is known of their labels (texts x labels; NaN: unknown).

    Attributes:
        texts: The prepared ones, then those made of them, then those without labels.
        targets: 1, 0, or NaN where it is unknown.
        n_prepared: How many of them, the first, are the prepared ones.
    """

    texts: list[str]
    targets: Targets
    n_prepared: int


def gather_texts(
    data: PreparedData,
    stage: Stage,
    negative: int | None,
    unlabelled: Sequence[Path],
    has_teacher: bool,
    held_out: frozenset[str],
) -> TrainingTexts:
    """Gather what a stage learns from. The same texts are made whatever the training's seed, so that runs compare.

    Args:
        data: The stage's data set.
        stage: Says what is made of its texts.
        negative: Number of the label that says that there is nothing else, if any.
        unlabelled: Files with further texts.
        has_teacher: Whether a teacher answers for texts without labels; they are left out otherwise.
        held_out: Comparable forms of the texts that any stage is measured on; none of them is learned from.
    """
    rows, wanted = training_rows(data, stage, held_out), stage.augmentation
    own, targets = rows["text"].tolist(), data.targets(rows)
    texts, known = list(own), [targets]
    if wanted.journals:
        made, found = journals(own, targets, negative, wanted.journals, wanted.journal_words, wanted.seed)
        texts += made
        known.append(found)
    if has_teacher:
        passages = fragments(own, rows["language"].tolist(), wanted.fragments, wanted.seed)
        others = dict.fromkeys([*unlabelled_texts(unlabelled, wanted.unlabelled, wanted.seed), *passages])
        unseen = [text for text in others if comparable(text) not in held_out]
        texts += unseen
        known.append(np.full((len(unseen), len(data.labels)), np.nan, np.float32))
    return TrainingTexts(texts, np.concatenate(known), len(own))

"""What a stage learns from: the prepared rows, and texts made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mh_batch.datasets.text_features import comparable
from mh_batch.training.augmentation import fragments
from mh_batch.training.journals import journals
from mh_batch.training.prepared import PreparedData, Split, Targets
from mh_batch.training.recipe import Stage
from mh_batch.training.unlabelled import unlabelled_texts


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

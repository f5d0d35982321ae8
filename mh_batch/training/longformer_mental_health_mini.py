"""Recipe of `longformer-mental-health-mini`: four independent labels, English, up to 4,096 tokens.

python -m mh_batch.training.longformer_mental_health_mini --data DATA --teacher TEACHER --out DIR
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import Tensor

from mh_batch.training import command, data
from mh_batch.training.augmentation import fragments
from mh_batch.training.baseline import tfidf_scores
from mh_batch.training.batching import encoded
from mh_batch.training.claims import LABELS, english_rows
from mh_batch.training.distillation import known_binary_loss
from mh_batch.training.first_token import longformer_summary
from mh_batch.training.journals import journals
from mh_batch.training.longformer_mental_health_figures import measured
from mh_batch.training.loop import Schedule, fit, seed_everything
from mh_batch.training.pupil import Noise, Pupil
from mh_batch.training.saving import save
from mh_batch.training.students import (
    configuration,
    inherited_embeddings,
    start_as_bag_of_words,
    start_embeddings,
)
from mh_batch.training.teacher import Teacher, remembered
from mh_batch.training.untyped import HuggingFaceModel
from mh_batch.training.vocabulary import byte_pairs


@dataclass(frozen=True)
class Recipe:
    """Everything, besides the data and the teacher, that decides the weights."""

    salt: str = "longformer-mental-health-mini"
    seed: int = 0
    threads: int = 1
    held_out: float = 0.2
    validation: float = 0.08
    pieces: int = 6_000
    width: int = 256
    layers: int = 2
    heads: int = 4
    inner: int = 512
    window: int = 64
    embedding_scale: float = 0.1
    tokens: int = 4_096
    train_tokens: int = 160
    journals: int = 1_000
    journal_tokens: int = 512
    passages: int = 4_000
    mask_share: float = 0.15
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=5, average=0.98))


@dataclass(frozen=True)
class Rows:
    """English rows: those to train on, to choose thresholds on, and to measure on."""

    train: pd.DataFrame
    validation: pd.DataFrame
    held: pd.DataFrame


def split(folder: Path, recipe: Recipe) -> Rows:
    """Split all English rows by the hash of their text."""
    rows = english_rows(folder)
    place = data.hash_order(rows["text"], recipe.salt)
    chosen = place < recipe.held_out + recipe.validation
    return Rows(
        rows[~chosen].reset_index(drop=True),
        rows[chosen & (place >= recipe.held_out)].reset_index(drop=True),
        rows[place < recipe.held_out].reset_index(drop=True),
    )


def new_student(tokenizer: Tokenizer, table: Tensor | None, recipe: Recipe) -> HuggingFaceModel:
    """A Longformer sequence classifier of the recipe's size; `table` gives its first word embeddings."""
    from transformers import LongformerConfig, LongformerForSequenceClassification

    student = LongformerForSequenceClassification(
        LongformerConfig(
            hidden_size=recipe.width,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            intermediate_size=recipe.inner,
            attention_window=[recipe.window] * recipe.layers,
            problem_type="multi_label_classification",
            **configuration(LABELS, tokenizer, recipe.tokens),
        )
    )
    start_embeddings(student.longformer.embeddings, table)
    start_as_bag_of_words(student.longformer.encoder.layer)
    return student


def repeat_positions(student: HuggingFaceModel, learned: int) -> None:
    """Fill all positions with copies of the first `learned`, as the original Longformer did with RoBERTa's 512."""
    table = student.longformer.embeddings.position_embeddings.weight
    with torch.no_grad():
        block = table[2 : 2 + learned].clone()
        for start in range(2 + learned, len(table), learned):
            table[start : start + learned] = block[: len(table) - start]


def train(places: command.Places, recipe: Recipe) -> dict[str, object]:
    """Train, save to `places.out`, and return the figures on the held-out rows, which nothing has seen."""
    seed_everything(recipe.seed, recipe.threads)
    rows = split(places.data, recipe)
    tokenizer = byte_pairs(rows.train["text"], recipe.pieces)
    teacher = None if places.teacher is None else Teacher(places.teacher)
    own = pd.concat([rows.train, judged_passages(places, teacher, rows.train, recipe)], ignore_index=True)
    table = inherited_embeddings(tokenizer, teacher, recipe.width, recipe.embedding_scale)
    student = new_student(tokenizer, table, recipe)
    long = journals(rows.train, recipe.journals, recipe.journal_tokens // 2, recipe.seed)
    learn(student, tokenizer, own, long, recipe)
    repeat_positions(student, recipe.journal_tokens)
    size = save(student, tokenizer, places.out, recipe.tokens)
    figures = measured(places.out, rows.train, rows.validation, rows.held)
    return {"bytes": size, "trained_on": counts(pd.concat([own, long])), **figures}


def learn(
    student: HuggingFaceModel,
    tokenizer: Tokenizer,
    own: pd.DataFrame,
    long: pd.DataFrame,
    recipe: Recipe,
) -> None:
    """Fit the student to what is known about the rows and the journals made of them."""
    encoded_rows = [
        *encoded(tokenizer, list(own["text"]), recipe.train_tokens),
        *encoded(tokenizer, list(long["text"]), recipe.journal_tokens),
    ]
    claims = pd.concat([own, long])[list(LABELS)].to_numpy(dtype=np.float32)
    wanted = torch.from_numpy(claims)
    noise = Noise(recipe.mask_share, recipe.journal_tokens)
    pupil = Pupil(student, longformer_summary, tokenizer, encoded_rows, None, noise)
    lengths = [len(row) for row in encoded_rows]
    fit(
        pupil, lambda chosen: known_binary_loss(pupil(chosen)[0], wanted[chosen]), lengths, recipe.schedule, recipe.seed
    )


def judged_passages(places: command.Places, teacher: Teacher | None, own: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Passages of training texts, with what others believe of them as claims, between 0 and 1.

    The teacher says how likely they are depressed; logistic regression on TF-IDF, which reads words that are rare in
    so few posts better than a network does, says how likely they are anxious and stressed.
    """
    if teacher is None or places.labels_only:
        return own.head(0)
    texts = [
        passage
        for source in ("depression", "dreaddit")
        for passage in _passages(list(own.loc[own["source"] == source, "text"]), recipe)
    ]
    lesson = remembered(places.memory, "judge", texts, lambda: teacher.judge(texts, recipe.train_tokens))
    depressed = torch.softmax(torch.from_numpy(lesson.logits), dim=-1)[:, 1].numpy()
    believed = tfidf_scores(list(own["text"]), own[list(LABELS)].to_numpy(dtype=np.float64), texts)
    claims = pd.DataFrame(believed, columns=list(LABELS)).assign(neutral=np.nan, depressed=depressed)
    return claims.assign(text=texts, source="judged passages")


def _passages(texts: list[str], recipe: Recipe) -> list[str]:
    return fragments(texts, ["en"] * len(texts), recipe.passages, recipe.seed)


def counts(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Training rows of each source, and how many of them claim that a label is present."""
    return {
        str(source): {"rows": len(part), **{label: int((part[label] == 1).sum()) for label in LABELS}}
        for source, part in rows.groupby("source")
    }


if __name__ == "__main__":
    command.report(train(command.places(__doc__), Recipe()))

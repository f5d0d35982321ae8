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
from mh_batch.training.baseline import Scores
from mh_batch.training.batching import encoded
from mh_batch.training.claims import LABELS, english_rows
from mh_batch.training.distillation import known_binary_loss
from mh_batch.training.first_token import longformer_summary
from mh_batch.training.journals import journals
from mh_batch.training.longformer_mental_health_figures import measured
from mh_batch.training.loop import Schedule, fit, seed_everything
from mh_batch.training.panel import Evidence, beliefs, out_of_fold_beliefs
from mh_batch.training.pupil import Noise, Pupil
from mh_batch.training.saving import save
from mh_batch.training.students import (
    configuration,
    inherited_embeddings,
    start_as_bag_of_words,
    start_embeddings,
)
from mh_batch.training.teacher import Arrays, Matrix, Teacher, remembered
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
    folds: int = 5
    belief: float = 0.5
    guidance: float = 0.2
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


@dataclass(frozen=True)
class Lessons:
    """What the student learns from: texts, what they show (1, 0, between, or NaN), and the teacher's states, if any."""

    texts: pd.DataFrame
    wanted: Scores
    states: Matrix | None


def train(places: command.Places, recipe: Recipe) -> dict[str, object]:
    """Train, save to `places.out`, and return the figures on the held-out rows, which nothing has seen."""
    seed_everything(recipe.seed, recipe.threads)
    rows = split(places.data, recipe)
    tokenizer = byte_pairs(rows.train["text"], recipe.pieces)
    teacher = None if places.teacher is None else Teacher(places.teacher)
    lessons = lessons_of(places, teacher, rows.train, recipe)
    table = inherited_embeddings(tokenizer, teacher, recipe.width, recipe.embedding_scale)
    student = new_student(tokenizer, table, recipe)
    learn(student, tokenizer, lessons, recipe)
    repeat_positions(student, recipe.journal_tokens)
    size = save(student, tokenizer, places.out, recipe.tokens)
    figures = measured(places.out, rows.train, rows.validation, rows.held)
    return {"bytes": size, "trained_on": counts(lessons.texts), **figures}


def learn(student: HuggingFaceModel, tokenizer: Tokenizer, lessons: Lessons, recipe: Recipe) -> None:
    """Fit the student to what the texts show and to the teacher's states of them."""
    encoded_rows = encoded(tokenizer, list(lessons.texts["text"]), recipe.journal_tokens)
    wanted = torch.from_numpy(lessons.wanted.astype(np.float32))
    noise = Noise(recipe.mask_share, recipe.journal_tokens)
    pupil = Pupil(student, longformer_summary, tokenizer, encoded_rows, lessons.states, noise)

    def loss_of(chosen: list[int]) -> Tensor:
        logits, distance = pupil(chosen)
        loss: Tensor = known_binary_loss(logits, wanted[chosen]) + recipe.guidance * distance
        return loss

    fit(pupil, loss_of, [len(row) for row in encoded_rows], recipe.schedule, recipe.seed)


def lessons_of(places: command.Places, teacher: Teacher | None, own: pd.DataFrame, recipe: Recipe) -> Lessons:
    """The training rows and journals made of them; with a teacher also other texts, judged by a panel.

    The panel judges training rows by the claims of other rows only. Where a row has a claim of its own, the panel's
    belief is mixed with it.
    """
    long = journals(own, recipe.journals, recipe.journal_tokens // 2, recipe.seed)
    if teacher is None or places.labels_only:
        texts = pd.concat([own, long], ignore_index=True)
        return Lessons(texts, _claims(texts), None)
    other = unlabelled(places.data, own, recipe)
    texts = pd.concat([own, other, long], ignore_index=True)
    short, longest = recipe.train_tokens, recipe.journal_tokens
    states = [
        _states(places, teacher, list(part["text"]), tokens)
        for part, tokens in ((own, short), (other, short), (long, longest))
    ]
    known = Evidence(list(own["text"]), states[0])
    believed = out_of_fold_beliefs(known, _claims(own), recipe.folds)
    guessed = beliefs(known, _claims(own), Evidence(list(other["text"]), states[1]))
    wanted = np.concatenate([_mixed(_claims(own), believed, recipe.belief), guessed, _claims(long)])
    return Lessons(texts, wanted, _standardised(np.concatenate(states)))


def unlabelled(folder: Path, own: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Passages of long training texts."""
    texts = [
        passage
        for source in ("depression", "dreaddit")
        for passage in _passages(list(own.loc[own["source"] == source, "text"]), recipe)
    ]
    return pd.DataFrame({"text": texts}).reindex(columns=own.columns).assign(source="passages")


def _states(places: command.Places, teacher: Teacher, texts: list[str], tokens: int) -> Matrix:
    def ask() -> Arrays:
        return {"states": teacher.states(texts, tokens).astype(np.float16)}

    return remembered(places.memory, f"states-{tokens}", texts, ask)["states"].astype(np.float32)


def _standardised(states: Matrix) -> Matrix:
    return np.asarray((states - states.mean(0)) / (states.std(0) + 1e-6), dtype=np.float32)


def _mixed(claims: Scores, believed: Scores, share: float) -> Scores:
    return np.where(np.isnan(claims), believed, (1 - share) * claims + share * believed)


def _claims(rows: pd.DataFrame) -> Scores:
    return rows[list(LABELS)].to_numpy(dtype=np.float64)


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

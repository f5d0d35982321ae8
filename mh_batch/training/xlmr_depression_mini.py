"""Recipe of `xlmr-depression-mini`: two classes, six languages, up to 512 tokens.

python -m mh_batch.training.xlmr_depression_mini --data DATA --teacher TEACHER --out DIR
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from mh_batch.training import command, data
from mh_batch.training.augmentation import fragments
from mh_batch.training.batching import encoded
from mh_batch.training.distillation import softened_divergence
from mh_batch.training.first_token import roberta_summary
from mh_batch.training.loop import Schedule, fit, seed_everything
from mh_batch.training.pupil import Noise, Pupil
from mh_batch.training.saving import save
from mh_batch.training.students import configuration, inherited_embeddings, start_as_bag_of_words, start_embeddings
from mh_batch.training.teacher import Lesson, Teacher, remembered
from mh_batch.training.untyped import HuggingFaceModel
from mh_batch.training.vocabulary import unigram
from mh_batch.training.xlmr_depression_figures import measured

LABELS = ("not_depressed", "depressed")


@dataclass(frozen=True)
class Recipe:
    """Everything, besides the data and the teacher, that decides the weights."""

    salt: str = "xlmr-depression-mini"
    seed: int = 0
    threads: int = 1
    held_out: float = 0.2
    pieces: int = 10_000
    width: int = 256
    layers: int = 2
    heads: int = 4
    inner: int = 512
    embedding_scale: float = 0.1
    tokens: int = 512
    train_tokens: int = 128
    fragments: int = 21_000
    fragment_seed: int = 0
    english_comments: int = 4_000
    novel_sentences: int = 700
    vocabulary_comments: int = 6_000
    vocabulary_novel_sentences: int = 1_500
    mask_share: float = 0.1
    label_smoothing: float = 0.05
    label_weight: float = 0.5
    temperature: float = 2.0
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=6, average=0.98))


def split(folder: Path, recipe: Recipe) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and held-out rows (`text`, `label`, `language`), stratified by label and language."""
    frame = data.depression_six_languages(folder)
    strata = frame["label"].astype(str) + frame["language"]
    away = data.held_out(list(frame["text"]), list(strata), recipe.held_out, recipe.salt)
    return frame[~away].reset_index(drop=True), frame[away].reset_index(drop=True)


def other_texts(folder: Path, train: pd.DataFrame, held: pd.DataFrame, recipe: Recipe) -> list[str]:
    """Texts without labels: of other sources, and passages of training texts; none of them is held out."""
    found = [
        *data.semeval(folder)["text"],
        *data.goemotions(folder)["text"].head(recipe.english_comments),
        *data.novel_sentences(folder, recipe.novel_sentences, recipe.salt)["text"],
        *fragments(list(train["text"]), list(train["language"]), recipe.fragments, recipe.fragment_seed),
    ]
    away = {data.normalise(text) for text in held["text"]}
    return [text for text in dict.fromkeys(found) if data.normalise(text) not in away]


def vocabulary_texts(folder: Path, train: pd.DataFrame, recipe: Recipe) -> list[str]:
    """What the vocabulary is counted on: training texts three times, and texts of the other sources."""
    return [
        *list(train["text"]) * 3,
        *data.semeval(folder)["text"],
        *data.goemotions(folder)["text"].head(recipe.vocabulary_comments),
        *data.novel_sentences(folder, recipe.vocabulary_novel_sentences, recipe.salt)["text"],
    ]


def new_student(tokenizer: Tokenizer, table: Tensor | None, recipe: Recipe) -> HuggingFaceModel:
    """An XLM-R sequence classifier of the recipe's size; `table` gives its first word embeddings."""
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    student = XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            hidden_size=recipe.width,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            intermediate_size=recipe.inner,
            problem_type="single_label_classification",
            **configuration(LABELS, tokenizer, recipe.tokens),
        )
    )
    start_embeddings(student.roberta.embeddings, table)
    start_as_bag_of_words(student.roberta.encoder.layer)
    return student


def loss_of(pupil: Pupil, labels: Tensor, answers: Tensor | None, chosen: list[int], recipe: Recipe) -> Tensor:
    """Cross-entropy on rows with a label (the first ones), and the distance from the teacher's answers on all."""
    logits, distance = pupil(chosen)
    rows = torch.tensor(chosen)
    own = rows < len(labels)
    errors = functional.cross_entropy(
        logits[own], labels[rows[own]], label_smoothing=recipe.label_smoothing, reduction="sum"
    )
    if answers is None:
        return errors / len(chosen)
    divergence = softened_divergence(logits, answers[rows], recipe.temperature)
    loss: Tensor = recipe.label_weight * errors / len(chosen) + divergence + distance
    return loss


def train(places: command.Places, recipe: Recipe) -> dict[str, object]:
    """Train, save to `places.out`, and return the figures on the held-out rows, which nothing has seen."""
    seed_everything(recipe.seed, recipe.threads)
    own, held = split(places.data, recipe)
    others = other_texts(places.data, own, held, recipe)
    texts = [*own["text"], *others]
    tokenizer = unigram(vocabulary_texts(places.data, own, recipe), recipe.pieces)
    teacher = None if places.teacher is None else Teacher(places.teacher)
    lesson = _lesson(places, teacher, texts, recipe)
    table = inherited_embeddings(tokenizer, teacher, recipe.width, recipe.embedding_scale)
    student = new_student(tokenizer, table, recipe)
    rows = encoded(tokenizer, list(own["text"]) if lesson is None else texts, recipe.train_tokens)
    answers, summaries = (None, None) if lesson is None else (torch.from_numpy(lesson.logits), lesson.summary)
    pupil = Pupil(student, roberta_summary, tokenizer, rows, summaries, Noise(recipe.mask_share, recipe.tokens))
    labels = torch.tensor(own["label"].to_numpy())
    lengths = [len(row) for row in rows]
    fit(pupil, lambda chosen: loss_of(pupil, labels, answers, chosen, recipe), lengths, recipe.schedule, recipe.seed)
    size = save(student, tokenizer, places.out, recipe.tokens)
    return {"bytes": size, "trained_on": counts(own, others), **measured(places.out, own, held)}


def _lesson(places: command.Places, teacher: Teacher | None, texts: list[str], recipe: Recipe) -> Lesson | None:
    if teacher is None or places.labels_only:
        return None
    return Lesson(**remembered(places.memory, "judge", texts, lambda: vars(teacher.judge(texts, recipe.train_tokens))))


def counts(own: pd.DataFrame, others: list[str]) -> dict[str, int]:
    """Texts that the model learned from, by label; `unlabelled` ones only if there was a teacher."""
    depressed = int(own["label"].sum())
    return {"not_depressed": len(own) - depressed, "depressed": depressed, "unlabelled": len(others)}


if __name__ == "__main__":
    command.report(train(command.places(__doc__), Recipe()))

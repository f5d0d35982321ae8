"""Small stand-ins for the files that the shipped recipes read, in their columns; every text is synthetic."""

import random
from pathlib import Path
from typing import Any

import pandas as pd

from mh_batch.datasets import LANGUAGES, load_grammar

_STATE_OF_LABEL = ("neutral", "depressed")
_EMOTIONS = (["neutral"], ["joy", "love"], ["sadness"], ["fear"], ["remorse"], ["anger", "joy"])


def write_sources(folder: Path, rows: int = 240) -> Path:
    """Write all files, `rows` texts each, and return the folder."""
    rng = random.Random(11)
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in _columns(rows, rng).items():
        pd.DataFrame(columns).to_parquet(folder / f"{name}.parquet")
    return folder


def _columns(rows: int, rng: random.Random) -> dict[str, dict[str, Any]]:
    labels = [number % 2 for number in range(rows)]
    languages = [LANGUAGES[number // 2 % len(LANGUAGES)] for number in range(rows)]
    several = [
        text(language, _STATE_OF_LABEL[label], 24, rng) for language, label in zip(languages, labels, strict=True)
    ]
    sentiments = [text(language, "neutral", rng.choice((7, 12, 24)), rng) for language in languages]
    names = {"en": "english", "de": "german", "fr": "french", "it": "italian", "pt": "portuguese", "es": "spanish"}
    return {
        "depression_six_languages": {"doc_id": ids("dsl", rows), "text": several, "label": labels},
        "texts": {
            "doc_id": ids("gen", rows),
            "text": [text(language, "depressed", 30, rng) for language in languages],
            "language": languages,
            "label": labels,
            "category": ["Self-Worth", "Future Outlook", "Social Impact"] * (rows // 3),
        },
        "multilingual_sentiments": {
            "doc_id": ids("mls", rows),
            "text": sentiments,
            "label": ["positive", "neutral", "negative"] * (rows // 3),
            "language": [names[language] for language in languages],
        },
        "dreaddit_train": {
            "doc_id": ids("drd", rows),
            "subreddit": ["anxiety", "relationships", "ptsd"] * (rows // 3),
            "text": [text("en", "stressed", 60, rng) for _ in range(rows)],
            "stressed": labels,
        },
        "goemotions_train": {
            "doc_id": ids("goe", rows),
            "text": [text("en", "anxious", 20, rng) for _ in range(rows)],
            "labels": list(_EMOTIONS) * (rows // len(_EMOTIONS)),
        },
    }


def text(language: str, state: str, words: int, rng: random.Random) -> str:
    return load_grammar(language).text(state, words, rng)


def ids(prefix: str, rows: int) -> list[str]:
    return [f"{prefix}-{number:06d}" for number in range(rows)]

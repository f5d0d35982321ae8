"""What each English source claims about the four labels of `longformer-mental-health-mini`.

A claim is 1, 0, or NaN where the source says nothing. `neutral` means: no sign of low mood, anxiety or stress.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from mh_batch.training import data

LABELS = ("neutral", "depressed", "anxious", "stressed")
UNKNOWN = float("nan")
LOW = frozenset({"sadness", "grief"})
LOW_PERHAPS = frozenset({"disappointment", "remorse"})
ANXIOUS = frozenset({"nervousness", "fear"})
ANXIOUS_PERHAPS = frozenset({"embarrassment", "confusion"})
AT_EASE = frozenset(
    {"neutral", "admiration", "amusement", "approval", "caring", "excitement"}
    | {"gratitude", "joy", "love", "optimism", "pride", "relief"}
)

Claims = tuple[float, float, float, float]


def goemotions_claims(emotions: Iterable[str]) -> Claims:
    """Annotators saw all 27 emotions, so one that they did not choose is absent; none of them is stress."""
    found = frozenset(emotions)
    if found <= AT_EASE:
        return 1.0, 0.0, 0.0, 0.0
    low = _claim(found, LOW, LOW_PERHAPS)
    anxious = _claim(found, ANXIOUS, ANXIOUS_PERHAPS)
    neutral = 0.0 if 1.0 in (low, anxious) else UNKNOWN
    return neutral, low, anxious, UNKNOWN


def _claim(found: frozenset[str], sure: frozenset[str], perhaps: frozenset[str]) -> float:
    if found & sure:
        return 1.0
    return UNKNOWN if found & perhaps else 0.0


def dreaddit_claims(subreddit: str, stressed: int) -> Claims:
    """A stressed post in r/anxiety is anxious too; an unstressed one elsewhere is not; mood is not annotated."""
    if stressed:
        return 0.0, UNKNOWN, 1.0 if subreddit == "anxiety" else UNKNOWN, 1.0
    return UNKNOWN, UNKNOWN, UNKNOWN if subreddit == "anxiety" else 0.0, 0.0


def depression_claims(label: int) -> Claims:
    """Indicators of depression, or none: nothing about anxiety and stress."""
    return (0.0, 1.0, UNKNOWN, UNKNOWN) if label else (UNKNOWN, 0.0, UNKNOWN, UNKNOWN)


def english_rows(folder: Path) -> pd.DataFrame:
    """All English rows, each text once: `text`, `source` and a column of claims for each label."""
    emotions, posts = data.goemotions(folder), data.dreaddit(folder)
    mood = data.depression_six_languages(folder).query("language == 'en'")
    parts = [
        _rows("goemotions", emotions["text"], map(goemotions_claims, emotions["labels"])),
        _rows("dreaddit", posts["text"], map(dreaddit_claims, posts["subreddit"], posts["stressed"])),
        _rows("depression", mood["text"], map(depression_claims, mood["label"])),
    ]
    return data.without_duplicates(pd.concat(parts, ignore_index=True))


def _rows(source: str, texts: Iterable[str], claims: Iterable[Claims]) -> pd.DataFrame:
    frame = pd.DataFrame(list(claims), columns=list(LABELS), dtype=np.float64)
    return frame.assign(text=list(texts), source=source)

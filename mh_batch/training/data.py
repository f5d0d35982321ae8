"""The data sets that the recipes learn from, and which of their rows are held out.

Paths are those of the `shared/data` folder beside the project; nothing of their text is part of the package.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.training.untyped import LanguageIdentifier

LANGUAGES = ("de", "en", "es", "fr", "it", "pt")
WORD = re.compile(r"\w+")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def normalise(text: str) -> str:
    """The words of a text, case-folded: texts that differ only in case, spacing or punctuation are equal."""
    return " ".join(WORD.findall(text.casefold())) or text.strip()


def hash_fraction(text: str, salt: str) -> float:
    """A reproducible number in [0, 1) for a text: equal normalised texts get equal numbers."""
    digest = hashlib.sha256(f"{salt}\n{normalise(text)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def hash_order(texts: Iterable[str], salt: str) -> npt.NDArray[np.float64]:
    """`hash_fraction` of every text."""
    return np.array([hash_fraction(text, salt) for text in texts], dtype=np.float64)


def without_duplicates(frame: pd.DataFrame) -> pd.DataFrame:
    """The first row of every group of rows whose normalised `text` is equal."""
    repeated = frame["text"].map(normalise).duplicated()
    return frame[~repeated].reset_index(drop=True)


def held_out(texts: Sequence[str], strata: Sequence[str], share: float, salt: str) -> npt.NDArray[np.bool_]:
    """Choose rows to hold out: within each stratum, the given share that comes first in hash order."""
    frame = pd.DataFrame({"order": hash_order(texts, salt), "stratum": list(strata)})
    rank = frame.groupby("stratum")["order"].rank(method="max", pct=True)
    return np.asarray(rank <= share, dtype=np.bool_)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def languages_of(texts: Iterable[str]) -> list[str]:
    """The likeliest of the six languages (ISO 639-1) of each text, by py3langid."""
    return [str(_identifier().classify(text)[0]) for text in texts]


def depression_six_languages(folder: Path) -> pd.DataFrame:
    """`text`, `label` (1 = depression indicators) and detected `language`, each text once."""
    frame = without_duplicates(pd.read_parquet(folder / "depression_six_languages.parquet"))
    return frame[["text", "label"]].assign(language=languages_of(frame["text"]))


def dreaddit(folder: Path) -> pd.DataFrame:
    """Reddit posts: `text`, `subreddit`, `stressed` (0 or 1), each text once."""
    frame = without_duplicates(pd.read_parquet(folder / "dreaddit_train.parquet"))
    return frame[["text", "subreddit", "stressed"]]


def goemotions(folder: Path) -> pd.DataFrame:
    """Reddit comments: `text`, `labels` (list of 27 emotions and neutral), each text once."""
    frame = without_duplicates(pd.read_parquet(folder / "goemotions_train.parquet"))
    return frame[["text", "labels"]]


def semeval(folder: Path) -> pd.DataFrame:
    """Short texts of SemEval-2025 task 11 in English, German, Spanish and Portuguese: `text`, `language`."""
    frame = without_duplicates(pd.read_parquet(folder / "semeval2025_emotions_train.parquet"))
    return frame[["text", "language"]]


def novel_sentences(folder: Path, per_language: int, salt: str) -> pd.DataFrame:
    """A reproducible sample of sentences (30 to 300 characters) of novels in six languages."""
    chapters = pd.read_parquet(folder / "novel_chapters.parquet", columns=["language", "text"])
    opening = chapters["text"].str.slice(0, 20_000).map(sentences)
    found = chapters.assign(text=opening)[["language", "text"]].explode("text")
    found = found[found["text"].str.len().between(30, 300)]
    ordered = found.assign(order=hash_order(found["text"], salt)).sort_values("order")
    return ordered.groupby("language").head(per_language)[["language", "text"]].reset_index(drop=True)


def sentences(text: str) -> list[str]:
    """Split a text after `.`, `!`, `?` and `…`; line breaks become spaces."""
    return [part for part in SENTENCE_END.split(" ".join(text.split())) if part]

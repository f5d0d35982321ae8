"""A synthetic corpus of documents with authors, and what three classifiers would say of them."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FIRST_WEEK = date(2026, 3, 2)
LANGUAGES = {"en": 0.5, "de": 0.2, "fr": 0.13, "it": 0.09, "pt": 0.016, "es": 0.01, "cy": 0.004}
REGIONS = {"North": 0.3, "South": 0.24, "East": 0.18, "West": 0.12, "Capital": 0.09, "Coast": 0.055, "Islands": 0.004}
SOURCES = {"forum": 0.55, "diary": 0.3, "messages": 0.15}
BASE_RATES = {"neutral": 0.62, "not_depressed": 0.86, "depressed": 0.14, "anxious": 0.09, "stressed": 0.21}
SENSITIVITY, SPECIFICITY = 0.9, 0.95


@dataclass(frozen=True)
class Shape:
    """How large the corpus is, and what it knows."""

    documents: int = 20_000
    authors: int = 3_500
    weeks: int = 9
    undated: float = 0.03
    languages: dict[str, float] = field(default_factory=lambda: LANGUAGES)
    regions: dict[str, float] = field(default_factory=lambda: REGIONS)
    sources: dict[str, float] = field(default_factory=lambda: SOURCES)


def make_corpus(shape: Shape, seed: int = 7) -> pd.DataFrame:
    """One row per document: author, period, language, region, source, and the author's and the week's leaning."""
    rng = np.random.default_rng(seed)
    authors = pd.DataFrame(
        {
            "language": _draw(rng, shape.languages, shape.authors),
            "region": _draw(rng, shape.regions, shape.authors),
            "leaning": rng.normal(0, 0.6, shape.authors),
        }
    )
    writing = rng.dirichlet(np.full(shape.authors, 1.2))
    author = rng.choice(shape.authors, shape.documents, p=writing)
    week = rng.choice(shape.weeks, shape.documents, p=_ramp(shape.weeks))
    corpus = authors.loc[author].reset_index(drop=True).assign(author=author, week=week)
    corpus["source"] = _draw(rng, shape.sources, shape.documents)
    corpus["period"] = [(FIRST_WEEK + timedelta(weeks=int(w))).isoformat() for w in week]
    corpus.loc[rng.random(shape.documents) < shape.undated, "period"] = "undated"
    # Nobody on the coast wrote in the fourth week: a hole that is no suppression.
    return corpus[~((corpus["region"] == "Coast") & (corpus["week"] == 3))].reset_index(drop=True)


def score(corpus: pd.DataFrame, label: str, seed: int = 11) -> pd.Series:
    """Probability of a label for each document; those above one half carry it."""
    rng = np.random.default_rng([seed, len(label)])
    swing = 0.35 * np.sin(corpus["week"] / 2 + len(label)) + (corpus["region"].map(len) - 5) * 0.12
    calm = label in ("neutral", "not_depressed")
    odds = np.log(BASE_RATES[label] / (1 - BASE_RATES[label])) + (-1 if calm else 1) * (swing + corpus["leaning"])
    truth = rng.random(len(corpus)) < 1 / (1 + np.exp(-odds))
    marked = np.where(truth, rng.random(len(corpus)) < SENSITIVITY, rng.random(len(corpus)) > SPECIFICITY)
    high, low = 0.5 + 0.5 * rng.beta(3, 1.5, len(corpus)), 0.5 * rng.beta(1, 4, len(corpus))
    return pd.Series(np.where(marked, high, low), index=corpus.index)


def _draw(rng: np.random.Generator, shares: dict[str, float], size: int) -> NDArray[np.str_]:
    weights = np.array(list(shares.values()))
    return rng.choice(list(shares), size, p=weights / weights.sum())


def _ramp(weeks: int) -> NDArray[np.float64]:
    sizes: NDArray[np.float64] = np.linspace(1, 2, weeks)
    return np.asarray(sizes / sizes.sum())

"""Coverage of the truth by the report's 95 % intervals, in synthetic corpora of which it is known.

`python -m tests.reporting.estimation.coverage --corpora 5000` prints the whole table; the tests hold a part of it.

Authors are drawn from a population: each has a propensity (Beta distributed; its intra-class correlation is the
likeness of the documents of one author) and a heavy-tailed number of documents (1 + Poisson-lognormal). A classifier
errs on each document by itself, at rates that the report knows only from a card: measured on a few hundred labelled
documents, which are drawn anew for each corpus.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mh_batch.reporting import wilson_interval
from mh_batch.reporting.estimation.adjustment import Rates, adjust, mix
from mh_batch.reporting.estimation.clusters import ClusterSums, author_share, effective_documents

Floats = NDArray[np.float64]

_MEAN_DOCUMENTS = 6.0


@dataclass(frozen=True)
class Language:
    prevalence: float
    share_of_authors: float = 1.0
    sensitivity: float = 0.94
    specificity: float = 0.97
    positives: int = 126  # labelled documents behind the rates, as the card of xlmr-depression-mini has for English
    negatives: int = 225


@dataclass(frozen=True)
class Scenario:
    languages: tuple[Language, ...]
    authors: int
    likeness: float
    tail: float = 1.0  # sigma of the lognormal; at 1 the busiest of 2,000 authors writes some 20 times the mean
    busier: float = 0.0  # how many times more documents an author of propensity 1 has than one of propensity 0


@dataclass(frozen=True)
class Truth:
    share: float
    prevalence: float
    author_share: float
    author_prevalence: float


@dataclass(frozen=True)
class Corpora:
    documents: Floats  # of each author, shape (corpora, authors)
    marked: Floats  # those of them that the classifier marks
    language: NDArray[np.int64]  # of each author
    sensitivity: Floats  # as the card says, shape (corpora, languages)
    specificity: Floats


@dataclass(frozen=True)
class Interval:
    low: Floats
    high: Floats
    truth: float

    @property
    def coverage(self) -> float:
        return float(((self.low <= self.truth) & (self.truth <= self.high)).mean())


def values(scenario: Scenario, name: str) -> Floats:
    return np.array([getattr(language, name) for language in scenario.languages], dtype=float)


def simulate(scenario: Scenario, corpora: int, seed: int) -> Corpora:
    rng = np.random.default_rng(seed)
    shape = (corpora, scenario.authors)
    language = rng.choice(len(scenario.languages), shape, p=values(scenario, "share_of_authors"))
    propensity = _propensity(rng, values(scenario, "prevalence")[language], scenario.likeness)
    busyness = rng.lognormal(-(scenario.tail**2) / 2, scenario.tail, shape)
    documents = 1 + rng.poisson(_MEAN_DOCUMENTS * busyness * (1 + scenario.busier * propensity))
    positives = rng.binomial(documents, propensity)
    found = rng.binomial(positives, values(scenario, "sensitivity")[language])
    false = rng.binomial(documents - positives, 1 - values(scenario, "specificity")[language])
    cards = _cards(rng, scenario, corpora)
    return Corpora(documents.astype(np.float64), (found + false).astype(np.float64), language, *cards)


def _propensity(rng: np.random.Generator, prevalence: Floats, likeness: float) -> Floats:
    if likeness == 0:
        return prevalence
    size = (1 - likeness) / likeness
    return rng.beta(prevalence * size, (1 - prevalence) * size)


def _cards(rng: np.random.Generator, scenario: Scenario, corpora: int) -> Iterator[Floats]:
    for rate, labelled in (("sensitivity", "positives"), ("specificity", "negatives")):
        n = values(scenario, labelled)
        yield rng.binomial(n.astype(int), values(scenario, rate), (corpora, len(n))) / n


def truth(scenario: Scenario) -> Truth:
    """Expected values in the population, in closed form."""
    pi, authors, se, sp = (
        values(scenario, name) for name in ("prevalence", "share_of_authors", "sensitivity", "specificity")
    )
    squared = pi**2 + scenario.likeness * pi * (1 - pi)
    documents = authors * (1 + _MEAN_DOCUMENTS * (1 + scenario.busier * pi))
    positives = authors * (pi + _MEAN_DOCUMENTS * (pi + scenario.busier * squared))
    return Truth(
        share=float((positives * se + (documents - positives) * (1 - sp)).sum() / documents.sum()),
        prevalence=float(positives.sum() / documents.sum()),
        author_share=float((authors * (pi * se + (1 - pi) * (1 - sp))).sum()),
        author_prevalence=float((authors * pi).sum()),
    )


def report(scenario: Scenario, corpora: Corpora) -> dict[str, Interval]:
    """The report's intervals."""
    n, x, true = corpora.documents, corpora.marked, truth(scenario)
    share, effective = _share(corpora)
    mean, trials = author_share(np.full(len(n), float(n.shape[1])), (x / n).sum(1), ((x / n) ** 2).sum(1), n.sum(1))
    return {
        "share": _wilson(share, effective, true.share),
        "prevalence": _adjusted(scenario, corpora, share, effective, (n, x), true.prevalence),
        "author_share": _wilson(mean, trials, true.author_share),
        "author_prevalence": _adjusted(
            scenario, corpora, mean, trials, (np.ones_like(n), x / n), true.author_prevalence
        ),
    }


def naive(scenario: Scenario, corpora: Corpora) -> dict[str, Interval]:
    """What it would say if it left out one thing at a time."""
    n, x, true = corpora.documents, corpora.marked, truth(scenario)
    share, effective = _share(corpora)
    return {
        "share, documents independent": _wilson(share, n.sum(1), true.share),
        "share as prevalence": _wilson(share, effective, true.prevalence),
        "prevalence, documents independent": _adjusted(scenario, corpora, share, n.sum(1), (n, x), true.prevalence),
        "prevalence, error rates exact": _adjusted(
            scenario, corpora, share, effective, (n, x), true.prevalence, labelled=1000
        ),
    }


def _share(corpora: Corpora) -> tuple[Floats, Floats]:
    n, x = corpora.documents, corpora.marked
    sums = ClusterSums(n.sum(1), x.sum(1), (n**2).sum(1), (x**2).sum(1), (n * x).sum(1))
    return sums.positives / sums.documents, effective_documents(sums)


def _wilson(share: Floats, trials: Floats, true: float) -> Interval:
    return Interval(*wilson_interval(share * trials, trials), true)


def _adjusted(
    scenario: Scenario,
    corpora: Corpora,
    share: Floats,
    trials: Floats,
    of_authors: tuple[Floats, Floats],
    true: float,
    labelled: int = 1,
) -> Interval:
    """Adjust each corpus by its own card: all that drew the same one together, `labelled` times as well founded."""
    documents, positives = (_by_language(scenario, corpora, of_author) for of_author in of_authors)
    table = np.stack([corpora.sensitivity, corpora.specificity], axis=1)
    cards, card = np.unique(table, axis=0, return_inverse=True)
    low, high = np.empty(len(share)), np.empty(len(share))
    for number, (sensitivity, specificity) in enumerate(cards):
        size = (values(scenario, name) * labelled for name in ("positives", "negatives"))
        at = np.flatnonzero(card == number)
        mixture = mix(documents[at], positives[at], Rates(sensitivity, specificity, *size))
        adjusted = adjust(share[at], trials[at], mixture)
        low[at], high[at] = adjusted.low, adjusted.high
    return Interval(low, high, true)


def _by_language(scenario: Scenario, corpora: Corpora, of_author: Floats) -> Floats:
    members = (corpora.language == number for number in range(len(scenario.languages)))
    return np.stack([(of_author * member).sum(1) for member in members], axis=1)


# Three languages of different prevalence; error rates as the card has them for German, English and Italian.
MIXED = (
    Language(0.05, 0.5, 0.94, 0.95, 103, 202),
    Language(0.15, 0.3, 0.94, 0.97, 126, 225),
    Language(0.40, 0.2, 0.90, 0.96, 95, 200),
)


def grid() -> Iterator[tuple[str, Scenario]]:
    for prevalence, authors, likeness in product((0.02, 0.1, 0.3, 0.6), (20, 200, 2000), (0.0, 0.3, 0.5)):
        yield f"{prevalence} {authors} {likeness}", Scenario((Language(prevalence),), authors, likeness)
    for prevalence, authors in product((0.02, 0.1, 0.3), (50, 500)):
        language = Language(prevalence, positives=700, negatives=1250)
        yield f"{prevalence} {authors} 0.3 large card", Scenario((language,), authors, 0.3)
    for authors, likeness in product((20, 200, 2000), (0.0, 0.3)):
        yield f"mixed {authors} {likeness}", Scenario(MIXED, authors, likeness)
    for prevalence, authors, busier in product((0.02, 0.1, 0.3), (20, 200, 2000), (1, 2)):
        scenario = Scenario((Language(prevalence),), authors, 0.3, busier=busier)
        yield f"{prevalence} {authors} 0.3 busier {busier}", scenario
    for prevalence, tail in product((0.02, 0.1, 0.3), (1.5, 2.0)):
        yield f"{prevalence} 500 0.5 tail {tail}", Scenario((Language(prevalence),), 500, 0.5, tail=tail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=int, default=5000, help="of each scenario (default: 5000)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for number, (name, scenario) in enumerate(grid()):
        corpora = simulate(scenario, arguments.corpora, arguments.seed + number)
        found = {**report(scenario, corpora), **naive(scenario, corpora)}
        print(f"{name:24}", "  ".join(f"{key} {one.coverage:.3f}" for key, one in found.items()), flush=True)


if __name__ == "__main__":
    main()

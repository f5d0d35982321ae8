"""A stand-in for a model, which writes down what it scored."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from mh_batch.inference import Execution, ScoredTexts, TokenizedTexts, TokenSequences
from mh_batch.models import Model

UNTOKENISABLE = "untokenisable"


class WordTokenizer:
    """Makes one token of each word, and fails on texts that say that it should."""

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        failures = {row: "Untokenisable" for row, text in enumerate(texts) if UNTOKENISABLE in text}
        words = [[] if row in failures else text.split() or [text] for row, text in enumerate(texts)]
        return TokenizedTexts(TokenSequences.of([[_digest(word.encode()) for word in own] for own in words]), failures)


@dataclass(frozen=True)
class RecordingScorer:
    """Scores by a hash of the tokens, slowly, and writes down every text that it scores."""

    log: Path
    seconds_per_text: float
    device: str
    labels: int

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        seen = 0
        with (self.log / f"{os.getpid()}.txt").open("a") as scored:
            for part in texts:
                for row, number in enumerate(range(seen, seen + len(part))):
                    if (word := part.failures.get(row)) is not None:
                        yield _one(number, [np.nan] * self.labels, 0, {0: word})
                        continue
                    ids = part.tokens.ids[part.tokens.offsets[row] : part.tokens.offsets[row + 1]]
                    began = time.time()
                    time.sleep(self.seconds_per_text)
                    scored.write(f"{_digest(ids.tobytes())} {self.device} {began} {time.time()}\n")
                    scored.flush()
                    share = _digest(ids.tobytes()) / 2**31
                    yield _one(number, [1 - share, *[share] * (self.labels - 1)], len(ids), {})
                seen += len(part)


@dataclass(frozen=True)
class RecordingLoader:
    """Stands in for the loader of models."""

    log: Path
    seconds_per_text: float = 0.0

    def tokenizer(self, model: Model) -> WordTokenizer:
        return WordTokenizer()

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> RecordingScorer:
        return RecordingScorer(self.log, self.seconds_per_text, device, len(model.card.labels))


@dataclass(frozen=True)
class ScoredText:
    """A text that was given to such a scorer: in which process, on which device, from when to when (since 1970)."""

    process: int
    text: str
    device: str
    began: float
    ended: float


def scored_texts(log: Path) -> list[ScoredText]:
    """All texts that were given to such scorers."""
    lines = [(int(file.stem), line.split()) for file in log.iterdir() for line in file.read_text().splitlines()]
    return [ScoredText(process, line[0], line[1], float(line[2]), float(line[3])) for process, line in lines]


def side_by_side(texts: list[ScoredText]) -> bool:
    """Whether any two of these texts were in hand at once."""
    ordered = sorted(texts, key=lambda text: text.began)
    return any(first.ended > second.began for first, second in pairwise(ordered))


def _one(number: int, probabilities: list[float], n_tokens: int, failures: dict[int, str]) -> ScoredTexts:
    windows = 0 if failures else 1
    return ScoredTexts(
        np.array([number]), np.array([probabilities]), np.array([n_tokens]), np.array([windows]), failures
    )


def _digest(content: bytes) -> int:
    return int.from_bytes(hashlib.sha256(content).digest()[:4], "big") // 2

"""Costs of the job apart from the model: reading, contract, keys, store, joins, validation, publishing.

The model is replaced by a constant. Every document is distinct, carries its language and has an author and a date, so
nothing is saved by duplicates and no language is identified. An author writes twenty documents over three months, in
one language and region.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mh_batch.benchmark.job_costs import measure_sizes
from mh_batch.inference import Execution, ScoredTexts, TokenizedTexts, TokenSequences
from mh_batch.models import Model

_APPLICATION = "mh-batch benchmark"
_MODEL = "xlmr-depression-mini"
_WARM_UP = 50_000
_DOCUMENTS_PER_AUTHOR = 20
_TOKENS = 36
_ROWS_PER_FILE = 250_000
_WORDS = "today i walked along the river and thought about the week behind me and what comes next"
_LANGUAGES = ("de", "en", "es", "fr", "it", "pt")


@dataclass(frozen=True)
class ConstantTokenizer:
    """A tokenizer that gives every text the same tokens."""

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        """Return the same ids for each text."""
        offsets = np.arange(len(texts) + 1, dtype=np.int64) * _TOKENS
        return TokenizedTexts(TokenSequences(np.full(offsets[-1], 5, np.int32), offsets))


@dataclass(frozen=True)
class ConstantScorer:
    """A scorer that gives every text the same probabilities."""

    labels: int

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        """Yield the same probabilities for each text."""
        seen = 0
        for part in texts:
            numbers = np.arange(seen, seen + len(part))
            seen += len(part)
            probabilities = np.full((len(part), self.labels), 1 / self.labels)
            yield ScoredTexts(numbers, probabilities, part.tokens.lengths, np.ones(len(part), np.int64))


@dataclass(frozen=True)
class ConstantModels:
    """A loader of models that loads none."""

    def tokenizer(self, model: Model) -> ConstantTokenizer:
        """Load nothing."""
        return ConstantTokenizer()

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> ConstantScorer:
        """Load nothing.

        Args:
            model: Whose labels are given.
            execution: Not used.
            device: Not used.
            token_budget: Not used.
        """
        return ConstantScorer(len(model.card.labels))


@dataclass(frozen=True)
class PipelineFigures:
    """Figures of a run over so many documents.

    Attributes:
        documents: Documents read and scored.
        seconds: From opening the corpus to the published run.
        stages: Seconds by stage.
    """

    documents: int
    seconds: float
    stages: dict[str, float]


def write_documents(folder: Path, documents: int) -> None:
    """Write synthetic documents, about 160 characters each."""
    from pyspark.sql import functions as F

    from mh_batch.spark import start_session

    spark = start_session(_APPLICATION)
    number = F.col("id")
    author = number % (documents // _DOCUMENTS_PER_AUTHOR + 1)
    texts = F.concat(F.lit("note "), number.cast("string"), F.lit(f": {_WORDS}. "), F.sha2(number.cast("string"), 224))
    spark.range(0, documents, numPartitions=-(-documents // _ROWS_PER_FILE)).select(
        F.concat(F.lit("d"), number.cast("string")).alias("doc_id"),
        texts.alias("text"),
        F.concat(F.lit("a"), author.cast("string")).alias("author_id"),
        F.timestamp_seconds(F.lit(1_767_225_600) + number % (90 * 86_400)).alias("created_at"),
        F.element_at(F.array(*map(F.lit, _LANGUAGES)), (author % len(_LANGUAGES) + 1).cast("int")).alias("language"),
        F.lit("benchmark").alias("source"),
        F.concat(F.lit("region "), (author % 16).cast("string")).alias("region"),
        F.array(F.lit("research")).alias("consent"),
    ).write.mode("overwrite").parquet(str(folder))


def measure_pipeline(sizes: Sequence[int], output: Path, say: Callable[[str], None]) -> str:
    """Run the job over so many documents each, with the model replaced by a constant; return a table.

    Corpora and runs are deleted when they are measured.

    Args:
        sizes: Documents.
        output: Folder for `pipeline.json`.
        say: Takes one line of progress at a time.
    """
    figures = measure_sizes(measure_one, sizes, _WARM_UP, output / "pipeline.json", say)
    lines = ["| documents | seconds | documents/s | us/document | slowest stages |", "|--:|--:|--:|--:|---|"]
    return "\n".join(lines + [_row(one) for one in figures]) + "\n"


def measure_one(folder: Path, documents: int) -> PipelineFigures:
    """Run the job once over so many documents."""
    from mh_batch.scoring.run import score_corpus
    from mh_batch.settings import ScoreSettings
    from mh_batch.spark import start_session

    corpus, output = folder / "documents", folder / "output"
    write_documents(corpus, documents)
    settings = ScoreSettings(input=(str(corpus),), output=str(output), model=(_MODEL,), precision="fp32")
    started = time.monotonic()
    run = score_corpus(start_session(_APPLICATION), settings, load=ConstantModels())
    seconds = time.monotonic() - started
    manifest = run.manifest
    if manifest["counts"]["models"][_MODEL]["scored"] != documents:
        raise AssertionError(f"{documents:,} documents were written and not all of them scored")
    stages = {stage["stage"]: stage["seconds"] for stage in manifest["stages"]}
    shutil.rmtree(corpus)
    shutil.rmtree(output)
    return PipelineFigures(documents, seconds, stages)


def _row(one: PipelineFigures) -> str:
    slowest = sorted(one.stages.items(), key=lambda stage: -stage[1])[:4]
    named = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in slowest)
    rate = one.documents / one.seconds
    return f"| {one.documents:,} | {one.seconds:.1f} | {rate:,.0f} | {1e6 / rate:.1f} | {named} |"

"""What the job costs apart from the model: reading, contract, keys, store, joins, validation, publishing.

The model is replaced by a constant. Every document is distinct, carries its language and has an author and a date, so
nothing is saved by duplicates and no language is identified.
"""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mh_batch.inference import TextScore
from mh_batch.inference.execution import Execution
from mh_batch.models import Model

_ROWS_PER_FILE = 250_000
_WORDS = "today i walked along the river and thought about the week behind me and what comes next"
_LANGUAGES = ("de", "en", "es", "fr", "it", "pt")


@dataclass(frozen=True)
class ConstantScorer:
    """Says the same of every text."""

    labels: int

    def stream(self, texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, TextScore]]:
        """Yield each key with the same score."""
        score = TextScore(tuple([1 / self.labels] * self.labels), 20, 1)
        return ((key, score) for key, _ in texts)


def load_constant(model: Model, execution: Execution, device: str, token_budget: int | None) -> ConstantScorer:
    """Stand in for the loader of a model."""
    return ConstantScorer(len(model.card.labels))


@dataclass(frozen=True)
class PipelineFigures:
    """What a run over so many documents took.

    Attributes:
        documents: Documents read and scored.
        seconds: From opening the corpus to the published run.
        driver_peak_bytes: The most memory that the driver's Python held; its JVM is bounded by its heap.
        stages: Seconds by stage.
    """

    documents: int
    seconds: float
    driver_peak_bytes: int
    stages: dict[str, float]

    @property
    def documents_per_second(self) -> float:
        """The rate."""
        return self.documents / self.seconds


def write_documents(folder: Path, documents: int) -> None:
    """Write made-up documents, about 160 characters each."""
    from pyspark.sql import functions as F

    from mh_batch.scoring.session import start_session

    spark = start_session("mh-batch benchmark")
    number = F.col("id")
    texts = F.concat(F.lit("note "), number.cast("string"), F.lit(f": {_WORDS}. "), F.sha2(number.cast("string"), 224))
    spark.range(0, documents, numPartitions=-(-documents // _ROWS_PER_FILE)).select(
        F.concat(F.lit("d"), number.cast("string")).alias("doc_id"),
        texts.alias("text"),
        F.concat(F.lit("a"), (number % (documents // 20 + 1)).cast("string")).alias("author_id"),
        F.timestamp_seconds(F.lit(1_767_225_600) + number % (90 * 86_400)).alias("created_at"),
        F.element_at(F.array(*map(F.lit, _LANGUAGES)), (number % len(_LANGUAGES) + 1).cast("int")).alias("language"),
        F.lit("benchmark").alias("source"),
        F.concat(F.lit("region "), (number % 16).cast("string")).alias("region"),
        F.array(F.lit("research")).alias("consent"),
    ).write.mode("overwrite").parquet(str(folder))


def measure_pipeline(folder: Path, documents: int) -> PipelineFigures:
    """Run the job over so many documents with the model replaced by a constant."""
    from mh_batch.scoring.run import score_corpus
    from mh_batch.scoring.session import start_session
    from mh_batch.settings import ScoreSettings

    corpus, output = folder / f"documents-{documents}", folder / f"output-{documents}"
    write_documents(corpus, documents)
    shutil.rmtree(output, ignore_errors=True)
    settings = ScoreSettings(input=(str(corpus),), output=str(output), model=("xlmr-depression-mini",))
    started = time.monotonic()
    run = score_corpus(start_session("mh-batch benchmark"), settings, load=load_constant)
    seconds = time.monotonic() - started
    assert run.manifest["counts"]["models"]["xlmr-depression-mini"]["scored"] == documents
    stages = {stage["stage"]: stage["seconds"] for stage in run.manifest["stages"]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return PipelineFigures(documents, seconds, peak, stages)

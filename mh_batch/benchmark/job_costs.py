"""Costs of parts of the job that grow with the data: a lookup in the score store, a report."""

from __future__ import annotations

import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pyspark.sql import Column, DataFrame, SparkSession

    Costs = TypeVar("Costs", bound=DataclassInstance)

_ASKED = 10_000
_LOOKUP_WARM_UP = 100_000
_TEXTS_PER_FILE = 1_000_000
_REPORT_WARM_UP = 50_000
_MODEL = "xlmr-depression-mini"
_LANGUAGES = ("de", "en", "es", "fr", "it", "pt")
_DOCUMENTS_PER_AUTHOR = 20
_ROWS_PER_FILE = 250_000


def measure_sizes(
    measure: Callable[[Path, int], Costs], sizes: Sequence[int], warm_up: int, figures: Path, say: Callable[[str], None]
) -> list[Costs]:
    """Measure each size in a scratch folder, after a small one, so that Spark has compiled its code.

    Args:
        measure: Takes the scratch folder, which it leaves empty, and a size.
        sizes: What to measure.
        warm_up: Size of what is measured first and forgotten.
        figures: JSON file for the figures; the scratch folder stands next to it.
        say: Takes one line of progress at a time.
    """
    figures.parent.mkdir(parents=True, exist_ok=True)
    found = []
    with tempfile.TemporaryDirectory(dir=figures.parent) as scratch:
        measure(Path(scratch), warm_up)
        for size in sizes:
            say(f"measuring {size:,}")
            found.append(measure(Path(scratch), size))
    figures.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    return found


@dataclass(frozen=True)
class LookupFigures:
    """Figures of a lookup of some texts, of which the store knows every second one.

    Attributes:
        texts: Texts that the store knows.
        bytes: Size of its files.
        seconds: Time of the lookup.
    """

    texts: int
    bytes: int
    seconds: float


def measure_lookups(sizes: Sequence[int], output: Path, say: Callable[[str], None]) -> str:
    """Look up 10,000 texts in synthetic stores of so many texts each; return a table. The stores are deleted again.

    Args:
        sizes: Texts in the stores.
        output: Folder for `lookup.json`.
        say: Takes one line of progress at a time.
    """
    figures = measure_sizes(measure_lookup, sizes, _LOOKUP_WARM_UP, output / "lookup.json", say)
    lines = ["| texts in the store | MB | seconds | million texts/s |", "|--:|--:|--:|--:|"]
    return "\n".join(lines + [_lookup_row(one) for one in figures]) + "\n"


def measure_lookup(folder: Path, texts: int) -> LookupFigures:
    """Measure one lookup in a store of so many texts, as a run makes it."""
    from pyspark.sql import functions as F

    from mh_batch.output import OutputRoot, ScoreStore
    from mh_batch.spark import run_settings, start_session

    spark = start_session("mh-batch benchmark")
    with run_settings(spark):
        root = OutputRoot.at(str(folder / "output"))
        store = ScoreStore(spark, root, "synthetic")
        store.append(_synthetic_store(spark, texts), "synthetic")
        step = max(1, 2 * texts // _ASKED)
        # Every second number lies beyond those of the store.
        numbers = spark.range(_ASKED).select(F.expr(f"IF(id % 2 = 0, id div 2 * {step}, {texts} + id)").alias("id"))
        started = time.monotonic()
        found = store.lookup(F.broadcast(numbers.select(_key()))).toArrow()
        seconds = time.monotonic() - started
    if found.num_rows != min(texts, _ASKED // 2):
        raise AssertionError(f"{found.num_rows:,} of {_ASKED // 2:,} known texts were found")
    size = sum(file.stat().st_size for file in (folder / "output").rglob("*.parquet"))
    shutil.rmtree(folder / "output")
    return LookupFigures(texts, size, seconds)


def _synthetic_store(spark: SparkSession, texts: int) -> DataFrame:
    from pyspark.sql import functions as F

    numbers = spark.range(0, texts, numPartitions=-(-texts // _TEXTS_PER_FILE)).withColumn("share", F.rand(1))
    return numbers.select(
        _key(),
        F.array(F.lit(1) - F.col("share"), "share").alias("probabilities"),
        (F.col("id") % 400).alias("n_tokens"),
        F.lit(1).cast("long").alias("n_windows"),
        F.lit(None).cast("string").alias("failure"),
    )


def _key() -> Column:
    from pyspark.sql import functions as F

    return F.left(F.sha2(F.col("id").cast("string"), 256), F.lit(32)).alias("content_key")


def _lookup_row(one: LookupFigures) -> str:
    rate = one.texts / one.seconds / 1e6
    return f"| {one.texts:,} | {one.bytes / 1e6:,.0f} | {one.seconds:.2f} | {rate:.1f} |"


@dataclass(frozen=True)
class ReportFigures:
    """Figures of a report over so many documents.

    Attributes:
        documents: Documents scored; an author wrote twenty of them over ninety days, in one language and region.
        seconds: Time to write the report.
        groups: Groups in its main table.
        peak_megabytes: The most memory that this Python process has held so far; it is where the groups end up.
    """

    documents: int
    seconds: float
    groups: int
    peak_megabytes: int


def measure_reports(sizes: Sequence[int], output: Path, say: Callable[[str], None]) -> str:
    """Write reports of so many synthetic scores each; return a table. What was written is deleted again.

    Args:
        sizes: Scored documents.
        output: Folder for `report.json`.
        say: Takes one line of progress at a time.
    """
    figures = measure_sizes(measure_report, sizes, _REPORT_WARM_UP, output / "report.json", say)
    lines = ["| documents | seconds | million documents/s | groups | peak MB of the driver |", "|--:|--:|--:|--:|--:|"]
    return "\n".join(lines + [_report_row(one) for one in figures]) + "\n"


def measure_report(folder: Path, documents: int) -> ReportFigures:
    """Write one report over so many synthetic scores."""
    from pyarrow import parquet

    from mh_batch.common.filesystem import Folder
    from mh_batch.models import load_cards
    from mh_batch.reporting import write_report
    from mh_batch.settings import ReportOptions
    from mh_batch.spark import run_settings, start_session

    spark, run = start_session("mh-batch benchmark"), folder / "run"
    card = load_cards()[_MODEL].model_dump(mode="json")
    entry = {**card, "fingerprint": "synthetic", "origin": "synthetic", "engine": "exact", "precision": "fp32"}
    with run_settings(spark):
        _synthetic_scores(spark, documents).write.parquet(str(run / "scores" / f"model={_MODEL}"))
        started = time.monotonic()
        write_report(spark, Folder.at(str(run)), _manifest({**entry, "thresholds": {}}, documents), ReportOptions())
        seconds = time.monotonic() - started
    groups = parquet.read_metadata(run / "report" / "prevalence.parquet").num_rows
    shutil.rmtree(run)
    return ReportFigures(documents, seconds, groups, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _synthetic_scores(spark: SparkSession, documents: int) -> DataFrame:
    from pyspark.sql import functions as F

    number = F.col("id")
    author = number % (documents // _DOCUMENTS_PER_AUTHOR + 1)
    probability = F.pow(F.rand(5), F.lit(3))
    table = spark.range(0, documents, numPartitions=-(-documents // _ROWS_PER_FILE)).select(
        F.concat(F.lit("d"), number.cast("string")).alias("doc_id"),
        F.left(F.sha2(author.cast("string"), 256), F.lit(32)).alias("author_key"),
        F.timestamp_seconds(F.lit(1_767_225_600) + F.xxhash64("id") % (45 * 86_400)).alias("created_at"),
        F.element_at(F.array(*map(F.lit, _LANGUAGES)), (author % len(_LANGUAGES) + 1).cast("int")).alias("language"),
        F.element_at(F.array(F.lit("forum"), F.lit("journal")), (number % 2 + 1).cast("int")).alias("source"),
        F.concat(F.lit("region "), (author % 16).cast("string")).alias("region"),
        probability.alias("p_depressed"),
    )
    label = F.when(F.col("p_depressed") >= F.lit(0.5), F.lit("depressed")).otherwise(F.lit("not_depressed"))
    return table.withColumns(
        {
            "p_not_depressed": 1 - F.col("p_depressed"),
            "labels": F.array(label),
            "top_label": label,
            "n_tokens": F.lit(20).cast("long"),
            "n_windows": F.lit(1).cast("long"),
            "content_key": F.col("doc_id"),
        }
    )


def _manifest(entry: dict[str, object], documents: int) -> dict[str, object]:
    """A manifest with what the page shows of a run."""
    counts = {"scored": documents, "rejected": {}, "windows": documents, "windowed_documents": 0, "duplicate_texts": 0}
    return {
        "run_id": "synthetic",
        "started_at": None,
        "finished_at": None,
        "mh_batch_version": "",
        "versions": {},
        "inputs": [],
        "consent_basis": "synthetic",
        "settings": {},
        "throughput": {},
        "validation": {"success": True, "expectations": 0},
        "models": [entry],
        "counts": {"read": documents, "rejected": {}, "models": {_MODEL: counts}},
    }


def _report_row(one: ReportFigures) -> str:
    rate = one.documents / one.seconds / 1e6
    return f"| {one.documents:,} | {one.seconds:.1f} | {rate:.2f} | {one.groups:,} | {one.peak_megabytes:,} |"

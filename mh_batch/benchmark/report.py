"""What a report costs: made-up scores are grouped, estimated, suppressed and drawn."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mh_batch.benchmark.sizes import measure_sizes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_WARM_UP = 50_000
_MODEL = "xlmr-depression-mini"
_LANGUAGES = ("de", "en", "es", "fr", "it", "pt")
_DOCUMENTS_PER_AUTHOR = 20
_ROWS_PER_FILE = 250_000


@dataclass(frozen=True)
class ReportFigures:
    """What a report over so many documents took.

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
    """Write reports of so many made-up scores each; return a table. What was written is deleted again."""
    figures = measure_sizes(measure_report, sizes, _WARM_UP, output / "report.json", say)
    lines = ["| documents | seconds | million documents/s | groups | peak MB of the driver |", "|--:|--:|--:|--:|--:|"]
    return "\n".join(lines + [_row(one) for one in figures]) + "\n"


def measure_report(folder: Path, documents: int) -> ReportFigures:
    """Write one report over so many made-up scores."""
    from pyarrow import parquet

    from mh_batch.common.filesystem import Folder
    from mh_batch.models import load_cards
    from mh_batch.reporting import write_report
    from mh_batch.settings import ReportOptions
    from mh_batch.spark.session import run_settings, start_session

    spark, run = start_session("mh-batch benchmark"), folder / "run"
    card = load_cards()[_MODEL].model_dump(mode="json")
    entry = {**card, "fingerprint": "made-up", "origin": "made-up", "engine": "exact", "precision": "fp32"}
    with run_settings(spark):
        _made_up(spark, documents).write.parquet(str(run / "scores" / f"model={_MODEL}"))
        started = time.monotonic()
        write_report(spark, Folder.at(str(run)), _manifest({**entry, "thresholds": {}}, documents), ReportOptions())
        seconds = time.monotonic() - started
    groups = parquet.read_metadata(run / "report" / "prevalence.parquet").num_rows
    shutil.rmtree(run)
    return ReportFigures(documents, seconds, groups, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _made_up(spark: SparkSession, documents: int) -> DataFrame:
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
    """What the page says of a run."""
    counts = {"scored": documents, "rejected": {}, "windows": documents, "windowed_documents": 0, "duplicate_texts": 0}
    return {
        "run_id": "made-up",
        "started_at": None,
        "finished_at": None,
        "mh_batch_version": "",
        "versions": {},
        "inputs": [],
        "consent_basis": "made up",
        "settings": {},
        "throughput": {},
        "validation": {"success": True, "expectations": 0},
        "models": [entry],
        "counts": {"read": documents, "rejected": {}, "models": {_MODEL: counts}},
    }


def _row(one: ReportFigures) -> str:
    rate = one.documents / one.seconds / 1e6
    return f"| {one.documents:,} | {one.seconds:.1f} | {rate:.2f} | {one.groups:,} | {one.peak_megabytes:,} |"

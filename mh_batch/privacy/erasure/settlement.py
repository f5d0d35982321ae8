"""Counts, reports and score store put right after rows of persons have left."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.errors import ErasureError
from mh_batch.output import MANIFEST, OutputRoot, ScoreStore
from mh_batch.privacy.erasure.erasure_journal import ErasureJournal
from mh_batch.privacy.erasure.identifier_search import IdentifierSearch
from mh_batch.privacy.erasure.manifests import read_manifest, without_identifiers
from mh_batch.privacy.erasure.subject_rows import run_folders
from mh_batch.reporting import write_page_again, write_report
from mh_batch.settings import ReportOptions
from mh_batch.validation import Reconciliation, count_run

_ENTRIES = "erasures"


def recount_rows(spark: SparkSession, root: OutputRoot, journal: ErasureJournal) -> None:
    """Count the tables of the runs again, and let their manifests say so, and that documents were erased.

    Args:
        spark: The session.
        root: The output root.
        journal: The erasure, and what each run loses by it.

    Raises:
        ErasureError: rows of a run are not all accounted for.
    """
    for run, loss in journal.losses.items():
        folder = root.folder / run
        manifest = read_manifest(folder)
        if manifest is None:
            continue
        settled = any(entry["erasure"] == journal.id for entry in manifest.get(_ENTRIES, ()))
        read = manifest["counts"]["read"] - (0 if settled else loss.documents)
        counts = count_run(spark, folder, list(manifest["counts"]["models"]), read)
        if root.run(folder.name) == folder:
            _check_counts(folder, counts.as_dict())
        entry = {"erasure": journal.id, "at": journal.at, "documents": loss.documents, "authors": loss.authors}
        entries = manifest.get(_ENTRIES, []) + ([] if settled else [entry])
        (folder / MANIFEST).write_json({**manifest, "counts": counts.as_dict(), _ENTRIES: entries})


def _check_counts(folder: Folder, counts: dict[str, Any]) -> None:
    for name, model in counts["models"].items():
        rejected = Counter(counts["rejected"]) + Counter(model["rejected"])
        problem = Reconciliation(name, counts["read"], model["scored"], rejected).problem()
        if problem:
            raise ErasureError(f"after the erasure the rows of {folder.uri} are not all accounted for: {problem}")


def remove_identifiers(root: OutputRoot, search: IdentifierSearch) -> None:
    """Take identifiers out of what the manifests of failed runs say of the input."""
    for folder in map(root.failed, root.failed_runs()):
        manifest = read_manifest(folder)
        if manifest is not None and (cleaned := without_identifiers(manifest, search)) != manifest:
            (folder / MANIFEST).write_json(cleaned)


def write_reports_again(
    spark: SparkSession, root: OutputRoot, journal: ErasureJournal, search: IdentifierSearch
) -> None:
    """Write the reports of the published runs that have lost documents, and of those that compare with them.

    Of runs whose manifests only name somebody in what they say of the input the page is written, since it tells that
    too. Such a manifest is cleaned after its page: as long as it is not, the next erasure finds both.

    Args:
        spark: The session.
        root: The output root.
        journal: The erasure, and what each run loses by it.
        search: Identifiers that manifests are cleaned of.
    """
    published = {run: root.manifest(run) for run in root.published()}
    cleaned = {run: without_identifiers(manifest, search) for run, manifest in published.items()}
    lost = {run.removeprefix("runs/") for run in journal.losses}
    compared = {run: manifest["report"]["against"] for run, manifest in published.items()}
    counted = [run for run in published if {run, compared[run]} & lost]
    # A report quotes that of the run compared with, which is an earlier one unless somebody asked for another.
    for run in sorted(counted, key=lambda run: ((compared[run] or "") > run, run)):
        manifest, against = cleaned[run], root.compared(None, compared[run])
        entry = write_report(spark, root.run(run), manifest, _options(manifest["report"]), against)
        (root.run(run) / MANIFEST).write_json({**manifest, "report": entry})
    for run in sorted(published.keys() - counted):
        if cleaned[run] != published[run]:
            write_page_again(root.run(run), cleaned[run])
            (root.run(run) / MANIFEST).write_json(cleaned[run])


def _options(entry: dict[str, Any]) -> ReportOptions:
    """Options of a report, by what the manifest says of it. A budget of noise is spent again."""
    own = {name: entry[name] for name in ("period", "group_by", "min_authors", "round_to")}
    privacy = entry["privacy"]
    noise = {"dp_epsilon": privacy["epsilon"], "dp_max_groups": privacy["max_groups"]} if privacy else {}
    return ReportOptions(**own, **noise)


def forget_unclaimed(spark: SparkSession, root: OutputRoot) -> int:
    """Delete what the store says of texts that no document of a published or failed run has.

    Rows of the store have no author. A text may stay where a document that is left has it, which is somebody else's:
    who wrote any other cannot be told, so it may be of those who were erased. At worst it is scored again.

    Returns:
        The number of rows deleted.
    """
    claimed = _claimed(spark, root)
    deleted = 0
    for fingerprint in root.fingerprints():
        store = ScoreStore(spark, root, fingerprint)
        if unclaimed := store.unclaimed(claimed):
            store.compact(claimed)
            deleted += unclaimed
    return deleted


def _claimed(spark: SparkSession, root: OutputRoot) -> DataFrame:
    scores = [
        (run / "scores" / model).spark_pattern for run in run_folders(root.folder) for model in (run / "scores").names()
    ]
    tables = [path for path in scores if "/model=" in path]
    schema = "content_key string"
    keys = spark.read.schema(schema).parquet(*tables) if tables else spark.createDataFrame([], schema)
    return keys.distinct()

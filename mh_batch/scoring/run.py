"""One run, from the corpus to what is published: examine, look up, score, validate, report, publish."""

from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from mh_batch.common.console import announce
from mh_batch.corpus import Corpus
from mh_batch.errors import ValidationError
from mh_batch.output import MANIFEST, Leases, PublishedRun, check_key, clear_after, make_folders, output_access
from mh_batch.privacy.erasure import finish_erasure
from mh_batch.reporting import write_report
from mh_batch.scoring.context import RunContext, begin_run
from mh_batch.scoring.examination import ExaminedCorpus, examine_corpus, open_corpus
from mh_batch.scoring.inference.model_loading import ModelLoader, SharedModels
from mh_batch.scoring.manifest import describe_run
from mh_batch.scoring.model_scoring import ModelResult, score_model
from mh_batch.scoring.plan import RunPlan, plan_run
from mh_batch.scoring.spark_errors import translate_spark_errors
from mh_batch.settings import ScoreSettings
from mh_batch.spark import run_settings
from mh_batch.validation import validate_run


def score_corpus(spark: SparkSession, settings: ScoreSettings, load: ModelLoader | None = None) -> PublishedRun:
    """Score a corpus with each model, validate, publish and report.

    Args:
        spark: The session; its SQL settings are put back afterwards.
        settings: What to read, with which models, and where to write.
        load: Loads tokenizers and models in the workers; those of the models if None.

    Returns:
        The published run.

    Raises:
        UsageError: something cannot be done as asked; nothing was scored.
        ValidationError: the results broke a contract; they lie under `failed/` and nothing was published.

    Example:
        >>> settings = ScoreSettings(
        ...     input="posts.parquet",
        ...     output="scored",
        ...     model="xlmr-depression-mini",
        ...     columns={"doc_id": "id", "text": "body", "author_id": "who"},
        ...     consent_basis="texts written for this example",
        ... )
        >>> run = score_corpus(spark, settings)
        >>> run.manifest["counts"]["models"]["xlmr-depression-mini"]["scored"]
        3
        >>> run.scores_pandas().query("doc_id == '2'")["labels"].item().tolist()
        ['not_depressed']
    """
    return execute(spark, plan_run(settings), load)


def execute(spark: SparkSession, plan: RunPlan, load: ModelLoader | None = None) -> PublishedRun:
    """Carry out a planned run.

    Args:
        spark: The session; its SQL settings are put back afterwards.
        plan: What to do.
        load: Loads tokenizers and models in the workers; those of the models if None.

    Returns:
        The published run.

    Raises:
        UsageError: something cannot be done as asked; nothing was scored.
        ValidationError: the results broke a contract; they lie under `failed/` and nothing was published.
    """
    root = plan.root
    with run_settings(spark), output_access(root, plan.settings.share_with_group):
        corpus = open_corpus(spark, plan)
        run = begin_run(spark, plan, load or SharedModels())
        leases = Leases(root.folder)
        with leases.held("run", run.run_id) as check_lease:
            check_key(root, run.key)  # it may have been rotated before this run held the lease
            make_folders(root)
            leases.reap_expired(partial(clear_after, root))
            try:
                with translate_spark_errors(corpus, root.folder.uri):
                    finish_erasure(spark, root.folder, run.key)
                    _carry_out(run, corpus, check_lease)
            finally:
                root.clear_away(run.run_id)
        return PublishedRun(run.folder, spark)


def _carry_out(run: RunContext, corpus: Corpus, check_lease: Callable[[], None]) -> None:
    announce(f"run {run.run_id}: inference {_where(run)}")
    examined = examine_corpus(run, corpus)
    results = {model.card.name: score_model(run, model, examined) for model in run.plan.models}
    _write_rejected(run, examined, results)
    manifest = _validate(run, examined, results)
    manifest["report"] = _report(run, manifest)
    _publish(run, manifest, check_lease)


def _where(run: RunContext) -> str:
    """The places where models compute, and precisions, by model if they differ."""
    places = {
        model.card.name: f"{run.placement_of(model)}, {run.execution(model).precision}" for model in run.plan.models
    }
    if len(set(places.values())) == 1:
        return next(iter(places.values()))
    return "; ".join(f"of {name} {place}" for name, place in places.items())


def _write_rejected(run: RunContext, examined: ExaminedCorpus, results: Mapping[str, ModelResult]) -> None:
    by_models = [table for result in results.values() for table in result.rejected]
    rejected = reduce(DataFrame.unionByName, by_models, examined.rejected)
    with run.timer.stage("rejected"):
        rejected.write.parquet((run.folder / "rejected").spark_uri)


def _validate(run: RunContext, examined: ExaminedCorpus, results: Mapping[str, ModelResult]) -> dict[str, Any]:
    """Return the manifest of a run that passes; put one that does not aside, with its manifest."""
    announce("validating")
    with run.timer.stage("validate"):
        result = validate_run(
            run.spark,
            run.folder,
            [model.card for model in run.plan.models],
            read=examined.corpus.rows,
            max_failed_share=run.settings.max_failed_share,
            eligible=examined.eligible,
        )
    throughput = {name: each.throughput for name, each in results.items()}
    manifest = describe_run(run, examined.corpus, result, throughput)
    if result.problems:
        failed = run.root.failed(run.run_id)
        run.folder.move_to(failed)
        (failed / MANIFEST).write_json(manifest)
        raise ValidationError(
            f"run {run.run_id} did not pass validation and was not published; it lies in {failed.uri}:\n"
            + "\n".join(f"  - {problem}" for problem in result.problems)
        )
    return manifest


def _report(run: RunContext, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the report, and return what the manifest says of it."""
    with run.timer.stage("report"):
        announce("writing the report")
        compared = run.root.compared(run.settings.against, run.previous)
        return write_report(run.spark, run.folder, manifest, run.settings, compared)


def _publish(run: RunContext, manifest: Mapping[str, Any], check_lease: Callable[[], None]) -> None:
    """Write the manifest, which makes the run exist."""
    with run.timer.stage("publish"):
        check_lease()
        (run.folder / MANIFEST).write_json(manifest)

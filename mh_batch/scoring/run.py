"""One run, from the corpus to what is published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from mh_batch.corpus.admission import examine, reject_duplicates
from mh_batch.corpus.pseudonyms import read_or_create_key
from mh_batch.corpus.reading import read_corpus
from mh_batch.errors import SettingsError, UsageError, ValidationError
from mh_batch.inference.execution import Execution, choose_execution
from mh_batch.models import Model, known_languages, locate_model
from mh_batch.models.labels import check_thresholds, thresholds_of
from mh_batch.reporting import write_report
from mh_batch.scoring import manifest as contents
from mh_batch.scoring.capability import executors_precision
from mh_batch.scoring.inference_stage import score_missing
from mh_batch.scoring.layout import MANIFEST, OutputRoot, new_run_id
from mh_batch.scoring.leases import Leases
from mh_batch.scoring.progress import announce
from mh_batch.scoring.published import PublishedRun
from mh_batch.scoring.session import run_settings
from mh_batch.scoring.store import ScoreStore
from mh_batch.scoring.tables import eligible, rejected_by_all, rejected_by_model, scores_table
from mh_batch.scoring.validation import ModelCounts, validate_run
from mh_batch.settings import ScoreSettings
from mh_batch.storage import Folder

KEY_FILE = "pseudonym.key"


def score_corpus(spark: SparkSession, settings: ScoreSettings, models: Sequence[Model] | None = None) -> PublishedRun:
    """Score a corpus with each model, validate, publish and report.

    Args:
        spark: The session; its SQL settings are put back afterwards.
        settings: What to read, with which models, and where to write.
        models: What `locate_models(settings)` found, where that has been asked already.

    Returns:
        The published run.

    Raises:
        UsageError: something cannot be done as asked; nothing was scored.
        ValidationError: the results broke a contract; they lie under `failed/` and nothing was published.
    """
    models = models or locate_models(settings)
    root = OutputRoot.at(settings.output)
    with run_settings(spark):
        corpus = read_corpus(spark, settings.input, settings.columns, settings.consent_basis)
        return _Run(spark, settings, models, executions(spark, settings, models), root, corpus).carry_out()


def locate_models(settings: ScoreSettings) -> list[Model]:
    """Find the models and check what is asked of them, before anything is started.

    Raises:
        ModelError: a model cannot be had.
        SettingsError: two models have one name, a threshold fits none, or an engine does not fit a model.
    """
    models = [locate_model(name, settings.models_dir) for name in dict.fromkeys(settings.model)]
    names = [model.card.name for model in models]
    if len(set(names)) < len(names):
        raise SettingsError(f"two models have the same name: {', '.join(names)}; rename one of their folders")
    check_thresholds([model.card for model in models], settings.threshold)
    for model in models:
        execution = choose_execution(model, settings.engine, settings.precision)
        if execution.engine == "onnx" and settings.device == "cuda":
            raise SettingsError("engine onnx and precision int8 run on the CPU: leave --device out, or choose another")
    return models


def executions(spark: SparkSession, settings: ScoreSettings, models: Sequence[Model]) -> dict[str, Execution]:
    """Settle how each model is run on the executors, by the name of its card."""
    best = executors_precision(spark, settings.device) if settings.precision == "auto" else "fp32"
    return {model.card.name: choose_execution(model, settings.engine, settings.precision, best) for model in models}


@dataclass
class _Run:
    spark: SparkSession
    settings: ScoreSettings
    models: Sequence[Model]
    executions: Mapping[str, Execution]
    root: OutputRoot
    corpus: DataFrame
    run_id: str = field(default_factory=new_run_id)
    started_at: str = field(default_factory=contents.now)
    _documents: DataFrame | None = None
    _scored: dict[str, DataFrame] = field(default_factory=dict)

    def carry_out(self) -> PublishedRun:
        key = self._key()
        leases = Leases(self.root.folder)
        with leases.held("run", self.run_id) as check_lease:
            leases.bury_dead(lambda dead: self.root.clear_away(dead.name) if dead.kind == "run" else None)
            return self._carry_out(key, check_lease)

    def _carry_out(self, key: bytes, check_lease: Callable[[], None]) -> PublishedRun:
        try:
            documents = self._examine(key)
            throughput = {model.card.name: self._score(model, documents) for model in self.models}
            self._write_rejected(documents)
            manifest = self._validate(documents, throughput)
            announce("writing the report")
            write_report(self.spark, self.folder, manifest, self.settings.period)
            check_lease()
            (self.folder / MANIFEST).write_json(manifest)
        finally:
            self._clean_up()
        return PublishedRun(self.folder, self.spark)

    @property
    def folder(self) -> Folder:
        return self.root.run(self.run_id)

    def _key(self) -> bytes:
        if self.settings.key_file is not None:
            return read_or_create_key(self.settings.key_file, may_create=False)
        if not self.root.folder.is_local:
            raise UsageError(f"{self.root.folder.uri} is not a local folder: name the pseudonyms' key with --key-file")
        return read_or_create_key(self.root.folder.local_path() / KEY_FILE, may_create=True)

    def _examine(self, key: bytes) -> DataFrame:
        announce(f"run {self.run_id}: reading {', '.join(self.settings.input)}")
        draft = (self.root.work(self.run_id) / "documents").spark_uri
        examined = examine(self.corpus, key, self._languages(), self.settings.max_text_chars)
        # Written once: reading, hashing and language identification are not done again for each model and each join.
        examined.write.parquet(draft)
        self._documents = reject_duplicates(self.spark.read.parquet(draft)).persist()
        return self._documents

    def _languages(self) -> tuple[str, ...]:
        """What detection chooses among: more than one model knows, so that it does not take all texts for its own."""
        named = {language for model in self.models for language in model.card.languages}
        return tuple(sorted(named | set(known_languages())))

    def _score(self, model: Model, documents: DataFrame) -> dict[str, float]:
        store = self._store(model)
        execution = self.executions[model.card.name]
        done = score_missing(self.spark, model, execution, self.corpus, documents, store, self.settings, self.run_id)
        # One view of the store for both tables: what another run adds meanwhile must not fall between them.
        self._scored[model.card.name] = scored = store.scored()
        thresholds = thresholds_of(model.card, self.settings.threshold)
        scores = scores_table(eligible(documents, model.card), scored, model.card, thresholds)
        scores.write.parquet((self.folder / "scores" / f"model={model.card.name}").spark_uri)
        return done.as_dict()

    def _store(self, model: Model) -> ScoreStore:
        fingerprint = model.fingerprint(self.executions[model.card.name].precision)
        return ScoreStore(self.spark, self.root.folder, fingerprint)

    def _write_rejected(self, documents: DataFrame) -> None:
        parts = [rejected_by_all(documents)]
        for model in self.models:
            scored, failures = self._scored[model.card.name], self._store(model).failures(self.run_id)
            parts.append(rejected_by_model(documents, scored, failures, model.card))
        reduce(DataFrame.unionByName, parts).write.parquet((self.folder / "rejected").spark_uri)

    def _validate(self, documents: DataFrame, throughput: dict[str, dict[str, float]]) -> dict[str, Any]:
        announce("validating")
        result = validate_run(
            self.spark,
            self.folder,
            [model.card for model in self.models],
            read=self.corpus.count(),
            max_failed_share=self.settings.max_failed_share,
            eligible={model.card.name: eligible(documents, model.card).count() for model in self.models},
        )
        manifest = self._manifest(result.counts, throughput)
        manifest |= {"validation": result.as_dict(), "finished_at": contents.now()}
        if result.problems:
            self._fail(manifest, result.problems)
        return manifest

    def _fail(self, manifest: dict[str, Any], problems: Sequence[str]) -> None:
        failed = self.root.failed(self.run_id)
        self.folder.move_to(failed)
        (failed / MANIFEST).write_json(manifest)
        raise ValidationError(
            f"run {self.run_id} did not pass validation and was not published; it lies in {failed.uri}:\n"
            + "\n".join(f"  - {problem}" for problem in problems)
        )

    def _manifest(self, counts: ModelCounts, throughput: dict[str, dict[str, float]]) -> dict[str, Any]:
        settings = self.settings
        return {
            "run_id": self.run_id,
            "started_at": self.started_at,
            "mh_batch_version": contents.versions()["mh_batch"],
            "versions": contents.versions(),
            "inputs": list(settings.input),
            "consent_basis": settings.consent_basis,
            "settings": settings.model_dump(mode="json"),
            "models": [
                contents.model_entry(
                    model, self.executions[model.card.name], thresholds_of(model.card, settings.threshold)
                )
                for model in self.models
            ],
            "counts": counts.as_dict(),
            "throughput": throughput,
        }

    def _clean_up(self) -> None:
        self.root.clear_away(self.run_id)
        if self._documents is not None:
            self._documents.unpersist()

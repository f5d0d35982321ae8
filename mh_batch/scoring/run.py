"""One run, from the corpus to what is published."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.common.filesystem import Folder
from mh_batch.consent.deciding import ResearchConsent
from mh_batch.corpus.admission import examine, later_copies, reject_copies, texts_of
from mh_batch.corpus.corpus import Corpus
from mh_batch.corpus.reading import read_corpus
from mh_batch.errors import SettingsError, ValidationError
from mh_batch.inference.execution import Execution, choose_execution
from mh_batch.models import Model, known_languages, locate_model
from mh_batch.models.labels import check_thresholds, thresholds_of
from mh_batch.output.access import make_folders, output_access
from mh_batch.output.keys import KEY_CHECK, check_key, root_key
from mh_batch.output.layout import MANIFEST, OutputRoot, new_run_id
from mh_batch.output.leases import Leases
from mh_batch.output.maintenance import clear_after
from mh_batch.output.published import PublishedRun
from mh_batch.output.store import ScoreStore
from mh_batch.output.tombstones import read_tombstones
from mh_batch.privacy.erasure import finish_erasure
from mh_batch.privacy.withdrawal import RunLedger
from mh_batch.pseudonyms.erasure_hashes import ErasureHashes
from mh_batch.reporting import write_report
from mh_batch.scoring import manifest as contents
from mh_batch.scoring.failures import translate_spark_errors
from mh_batch.scoring.inference.loading import ModelLoader, SharedModels
from mh_batch.scoring.inference.stage import InferenceStage
from mh_batch.scoring.stages import Stages
from mh_batch.scoring.tables import (
    in_foreign_language,
    is_eligible,
    one_per_text,
    rejected_by_all,
    scores_table,
    unscored,
)
from mh_batch.settings import ScoreSettings
from mh_batch.sources.snapshots import TableVersion
from mh_batch.sources.survey import BadFile
from mh_batch.spark.capability import find_placement
from mh_batch.spark.devices import Placement
from mh_batch.spark.materialization import keep
from mh_batch.spark.progress import announce
from mh_batch.spark.session import run_settings
from mh_batch.validation.runs import ModelCounts, validate_run


def score_corpus(
    spark: SparkSession,
    settings: ScoreSettings,
    models: Sequence[Model] | None = None,
    load: ModelLoader | None = None,
    since: Sequence[TableVersion] = (),
) -> PublishedRun:
    """Score a corpus with each model, validate, publish and report.

    Args:
        spark: The session; its SQL settings are put back afterwards.
        settings: What to read, with which models, and where to write.
        models: What `locate_models(settings)` found, where that has been asked already.
        load: Loads tokenizers and models in the workers; those of the models if None.
        since: Versions of tables whose rows are left out.

    Returns:
        The published run.

    Raises:
        UsageError: something cannot be done as asked; nothing was scored.
        ValidationError: the results broke a contract; they lie under `failed/` and nothing was published.
    """
    models, ledger = models or locate_models(settings), RunLedger.named(settings)
    root = OutputRoot.at(settings.output)
    with run_settings(spark), output_access(root, settings.share_with_group):
        corpus = open_corpus(spark, settings, since=since)
        placement = find_placement(spark, settings.device, settings.task_cores, settings.precision == "auto")
        runnable = executions(settings, models, placement)
        load = load or SharedModels()
        return _Run(spark, settings, models, runnable, placement, root, corpus, ledger, load).carry_out()


def open_corpus(
    spark: SparkSession,
    settings: ScoreSettings,
    bad_files: Sequence[BadFile] = (),
    versions: Mapping[str, TableVersion] | None = None,
    since: Sequence[TableVersion] = (),
) -> Corpus:
    """Open the corpus that the settings name; the other arguments and errors are those of `read_corpus`."""
    basis = settings.consent_basis or settings.consent
    columns, allowed = settings.columns, settings.max_bad_files
    return read_corpus(spark, settings.inputs, columns, basis, allowed, bad_files, versions, since)


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


def executions(settings: ScoreSettings, models: Sequence[Model], placement: Placement) -> dict[str, Execution]:
    """Settle how each model is run where it computes, by the name of its card."""
    best = placement.precision or "fp32"
    return {model.card.name: choose_execution(model, settings.engine, settings.precision, best) for model in models}


@dataclass
class _Run:
    spark: SparkSession
    settings: ScoreSettings
    models: Sequence[Model]
    executions: Mapping[str, Execution]
    placement: Placement
    root: OutputRoot
    corpus: Corpus
    ledger: RunLedger | None
    load: ModelLoader
    run_id: str = field(default_factory=new_run_id)
    started_at: str = field(default_factory=contents.now)

    def __post_init__(self) -> None:
        self.stages = Stages(self.run_id, self.settings.metrics)
        self.key = root_key(self.root, self.settings.key_file, may_create=True)
        self.previous = next(reversed(self.root.published()), None)
        self.root.compared(self.settings.against, self.previous)  # a wrong run id is said at once

    def carry_out(self) -> PublishedRun:
        leases = Leases(self.root.folder)
        with leases.held("run", self.run_id) as check_lease:
            check_key(self.root, self.key)  # it may have been rotated before this run held the lease
            make_folders(self.root)
            leases.reap_expired(partial(clear_after, self.root))
            try:
                with translate_spark_errors(self.corpus, self.root.folder.uri):
                    finish_erasure(self.spark, self.root.folder, self.key)
                    self._carry_out(check_lease)
            finally:
                self.root.clear_away(self.run_id)
        return PublishedRun(self.folder, self.spark)

    def _carry_out(self, check_lease: Callable[[], None]) -> None:
        announce(f"run {self.run_id}: inference {self._where()}")
        documents = self._examine(self._apply_consent())
        counts = self._count(documents)
        rejected, throughput = [rejected_by_all(documents)], {}
        for model in self.models:
            throughput[model.card.name], not_scored = self._score(model, documents, counts[model.card.name])
            rejected += not_scored
        with self.stages.stage("rejected"):
            reduce(DataFrame.unionByName, rejected).write.parquet((self.folder / "rejected").spark_uri)
        manifest = self._validate(counts, throughput)
        with self.stages.stage("report"):
            announce("writing the report")
            compared = self.root.compared(self.settings.against, self.previous)
            manifest["report"] = write_report(self.spark, self.folder, manifest, self.settings, compared)
        with self.stages.stage("publish"):
            check_lease()
            (self.folder / MANIFEST).write_json(manifest)

    @property
    def folder(self) -> Folder:
        return self.root.run(self.run_id)

    @property
    def _work(self) -> Folder:
        return self.root.work(self.run_id)

    def _where(self) -> str:
        """Where the models compute and in what, by model if they differ."""
        places = {
            name: f"{self.placement.of(execution)}, {execution.precision}"
            for name, execution in self.executions.items()
        }
        if len(set(places.values())) == 1:
            return next(iter(places.values()))
        return "; ".join(f"of {name} {place}" for name, place in places.items())

    def _apply_consent(self) -> ResearchConsent | None:
        """Let what was withdrawn leave the root, and find out what may be used."""
        if self.ledger is None:
            return None
        announce(f"run {self.run_id}: consent as {self.settings.consent} says")
        with self.stages.stage("consent"):
            return self.ledger.apply_withdrawals(self.spark, self.root, self.key, self._work / "consent")

    def _examine(self, said: ResearchConsent | None) -> DataFrame:
        """Hold the corpus against its contract, and keep the result: it is read again for each model and join."""
        announce(f"run {self.run_id}: reading {', '.join(self.settings.input) or self.settings.format}")
        for table in self.corpus.tables:
            announce(str(table))
        erased = read_tombstones(self.root.folder)
        with self.stages.stage("examine") as figures:
            while isinstance(examined := self._draft(said, erased), BadFile):
                announce(f"leaving out {examined}")
                self.corpus = self._without(examined)
            copies = keep(later_copies(examined), self._work / "copies")
            figures |= {"rows": self.corpus.rows, "files": len(self.corpus.files)}
        return reject_copies(examined, copies)

    def _without(self, file: BadFile) -> Corpus:
        """Open the same versions of the corpus again, without a file that cannot be read after all."""
        bad_files, before = [*self.corpus.bad_files, file], self.corpus
        return open_corpus(self.spark, self.settings, bad_files, before.versions(), before.since())

    def _draft(self, said: ResearchConsent | None, erased: ErasureHashes) -> DataFrame | BadFile:
        """Keep what examining the corpus gives, or return the file that stood in the way."""
        limit = self.settings.max_text_chars
        examined = examine(self.corpus.documents, self.key, self._languages(), limit, said, erased)
        try:
            return keep(examined, self._work / "examined")
        except (PySparkException, Py4JError) as error:
            bad = self.corpus.unreadable_file(error)
            if bad is None:
                raise
            return bad

    def _languages(self) -> tuple[str, ...]:
        """The expected languages: those of all cards, so that a model does not take all texts for its own."""
        named = {language for model in self.models for language in model.card.languages}
        return tuple(sorted(named | set(known_languages())))

    def _count(self, documents: DataFrame) -> dict[str, int]:
        """How many documents each model is to score."""
        wanted = [
            F.count_if(is_eligible(model.card, self._score_undetermined)).alias(model.card.name)
            for model in self.models
        ]
        row = documents.agg(*wanted).head()
        assert row is not None
        return dict(zip([model.card.name for model in self.models], row, strict=True))

    @property
    def _score_undetermined(self) -> bool:
        return self.settings.undetermined_language == "score"

    def _score(self, model: Model, documents: DataFrame, count: int) -> tuple[dict[str, float], list[DataFrame]]:
        """Write a model's scores table; return its throughput, and the documents that it did not score."""
        name, execution, store = model.card.name, self.executions[model.card.name], self._store(model)
        texts = partial(texts_of, self.corpus, key=self.key)
        stage = InferenceStage(self.spark, self.settings, self.run_id, texts, self._work, self.placement, self.load)
        wanted = documents.where(is_eligible(model.card, self._score_undetermined))
        with self.stages.stage("look up", model=name):
            known, lacking = stage.look_up(wanted, count, store, name)
        with self.stages.stage("tokenise", model=name) as figures:
            tokenised = stage.tokenise(model, execution, lacking)
            done = tokenised.done.effort
            figures |= {"texts": done.texts, "chars": done.chars, "tokens": done.tokens}
        with closing(tokenised), self.stages.stage("inference", model=name) as figures:
            throughput = stage.score(model, execution, tokenised, store).as_dict()
            figures |= throughput
        with self.stages.stage("scores", model=name):
            # One view of the store for both tables: what another run adds meanwhile must not fall between them.
            scored = one_per_text(stage.scored(known, store), model.card)
            table = scores_table(wanted, scored, model.card, thresholds_of(model.card, self.settings.threshold))
            complete = keep(table, self.folder / "scores" / f"model={name}").count() == count
        foreign = in_foreign_language(documents, model.card, self._score_undetermined)
        # Comparing all documents with all scores once more costs as much as the scores table itself.
        lost = [] if complete else [unscored(wanted, scored, store.failures(self.run_id), model.card)]
        return throughput, [foreign, *lost]

    def _store(self, model: Model) -> ScoreStore:
        fingerprint = model.fingerprint(self.executions[model.card.name].precision)
        return ScoreStore(self.spark, self.root, fingerprint)

    def _validate(self, eligible: Mapping[str, int], throughput: dict[str, dict[str, float]]) -> dict[str, Any]:
        announce("validating")
        with self.stages.stage("validate"):
            result = validate_run(
                self.spark,
                self.folder,
                [model.card for model in self.models],
                read=self.corpus.rows,
                max_failed_share=self.settings.max_failed_share,
                eligible=eligible,
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
            "previous": self.previous,
            "started_at": self.started_at,
            "mh_batch_version": contents.versions()["mh_batch"],
            "versions": contents.versions(),
            "inputs": list(settings.input),
            "tables": [table.as_dict() for table in self.corpus.tables],
            "consent_basis": settings.consent_basis,
            "consent": self.ledger.as_dict() if self.ledger else None,
            "settings": settings.model_dump(mode="json"),
            KEY_CHECK: self.key.check,
            "models": [
                contents.model_entry(
                    model,
                    self.executions[model.card.name],
                    self.placement.of(self.executions[model.card.name]),
                    thresholds_of(model.card, settings.threshold),
                )
                for model in self.models
            ],
            "counts": counts.as_dict(),
            "bad_files": [{"file": file.uri, "cause": file.cause} for file in self.corpus.bad_files],
            "throughput": throughput,
            "stages": self.stages.ended,
        }

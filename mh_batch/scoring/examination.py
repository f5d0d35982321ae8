"""The stage that holds the corpus against its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.common.console import announce
from mh_batch.consent import ResearchConsent
from mh_batch.corpus import Corpus, examine, later_copies, read_corpus, reject_copies
from mh_batch.models import Model, known_languages
from mh_batch.output import read_tombstones
from mh_batch.pseudonyms import ErasureHashes
from mh_batch.scoring.context import RunContext
from mh_batch.scoring.plan import RunPlan
from mh_batch.scoring.tables import is_eligible, rejected_by_all
from mh_batch.sources import BadFile, TableVersion
from mh_batch.spark import materialize


@dataclass(frozen=True)
class ExaminedCorpus:
    """A corpus whose documents are admitted or rejected.

    Attributes:
        corpus: The corpus, without the files that could not be read after all.
        documents: What `mh_batch.corpus.admission.examine` returns, duplicate ids rejected.
        eligible: How many documents each model is to score, by the name of its card.
    """

    corpus: Corpus
    documents: DataFrame
    eligible: Mapping[str, int]

    @property
    def rejected(self) -> DataFrame:
        """The documents that no model is asked about, by the contract of `rejected`."""
        return rejected_by_all(self.documents)


def open_corpus(
    spark: SparkSession,
    plan: RunPlan,
    bad_files: Sequence[BadFile] = (),
    versions: Mapping[str, TableVersion] | None = None,
) -> Corpus:
    """Open the corpus of a run; errors as of `read_corpus`.

    Args:
        spark: The session.
        plan: Says which corpus.
        bad_files: Files that are known to be bad.
        versions: Which version to read of each table that keeps a log; the latest where none is given.
    """
    settings = plan.settings
    basis, allowed = settings.consent_basis or settings.consent, settings.max_bad_files
    return read_corpus(
        spark, settings.inputs, settings.columns, basis, allowed, bad_files, versions=versions, since=plan.since
    )


def examine_corpus(run: RunContext, corpus: Corpus) -> ExaminedCorpus:
    """Admit or reject each document, once what was withdrawn has left the output root.

    The result is materialized: it is read again for each model and join.

    Args:
        run: The run.
        corpus: The corpus that `open_corpus` returned.
    """
    consent = _apply_consent(run)
    announce(f"run {run.run_id}: reading {', '.join(run.settings.input) or run.settings.format}")
    for table in corpus.tables:
        announce(str(table))
    erased = read_tombstones(run.root.folder)
    with run.timer.stage("examine") as figures:
        while isinstance(examined := _examined(run, corpus, consent, erased), BadFile):
            announce(f"leaving out {examined}")
            # The same versions of its tables again.
            corpus = open_corpus(run.spark, run.plan, [*corpus.bad_files, examined], corpus.versions())
        copies = materialize(later_copies(examined), run.work / "copies")
        figures |= {"rows": corpus.rows, "files": len(corpus.files)}
    documents = reject_copies(examined, copies)
    return ExaminedCorpus(corpus, documents, _count_eligible(run, documents))


def _apply_consent(run: RunContext) -> ResearchConsent | None:
    """Let what was withdrawn leave the root, and find out what may be used."""
    ledger = run.plan.ledger
    if ledger is None:
        return None
    announce(f"run {run.run_id}: consent as {run.settings.consent} says")
    with run.timer.stage("consent"):
        return ledger.apply_withdrawals(run.spark, run.root, run.key, run.work / "consent")


def _examined(
    run: RunContext, corpus: Corpus, consent: ResearchConsent | None, erased: ErasureHashes
) -> DataFrame | BadFile:
    """The examined documents, or the file that stood in the way."""
    languages, limit = _expected_languages(run.plan.models), run.settings.max_text_chars
    examined = examine(corpus.documents, run.key, languages, limit, consent, erased)
    try:
        return materialize(examined, run.work / "examined")
    except (PySparkException, Py4JError) as error:
        bad = corpus.unreadable_file(error)
        if bad is None:
            raise
        return bad


def _expected_languages(models: Sequence[Model]) -> tuple[str, ...]:
    """Those of all cards, so that a model does not take all texts for its own."""
    named = {language for model in models for language in model.card.languages}
    return tuple(sorted(named | set(known_languages())))


def _count_eligible(run: RunContext, documents: DataFrame) -> dict[str, int]:
    cards = [model.card for model in run.plan.models]
    counts = [F.count_if(is_eligible(card, run.score_undetermined)).alias(card.name) for card in cards]
    row = documents.agg(*counts).head()
    assert row is not None
    return dict(zip([card.name for card in cards], row, strict=True))

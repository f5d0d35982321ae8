"""The stages that score a run's documents with one model: look up, tokenise, inference, scores."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from pyspark.sql import DataFrame, functions as F

from mh_batch.common.filesystem import Folder
from mh_batch.corpus import texts_of
from mh_batch.models import Model
from mh_batch.output import ScoreStore
from mh_batch.scoring.context import RunContext
from mh_batch.scoring.examination import ExaminedCorpus
from mh_batch.scoring.inference.batch_inference import BatchInference
from mh_batch.scoring.tables import in_foreign_language, is_eligible, one_per_text, scores_table, unscored
from mh_batch.spark import materialize

# So many keys fit into the memory of every executor, and are sent to where the store is read.
_KEYS_TO_SEND = 2_000_000


@dataclass(frozen=True)
class ModelResult:
    """The outcome of one model over a run's documents; its scores table is written.

    Attributes:
        throughput: For the manifest.
        rejected: Documents that it did not score, by the contract of `rejected`.
    """

    throughput: dict[str, float]
    rejected: Sequence[DataFrame]


def score_model(run: RunContext, model: Model, examined: ExaminedCorpus) -> ModelResult:
    """Score what the store does not know yet, and write the model's scores table.

    Args:
        run: The run.
        model: One of its models.
        examined: The documents.
    """
    card, store, settings = model.card, run.store(model), run.settings
    wanted, count = examined.documents.where(is_eligible(card, run.score_undetermined)), examined.eligible[card.name]
    inference = BatchInference(
        run.spark,
        model,
        run.execution(model),
        run.placement,
        f"scoring with {card.name}",
        settings.token_budget,
        settings.task_cores,
        run.load,
    )
    with run.timer.stage("look up", model=card.name):
        known, lacking = look_up(wanted, count, store, run.run_id, run.work / card.name)
    with run.timer.stage("tokenise", model=card.name) as figures:
        texts = texts_of(examined.corpus, lacking, run.key)
        tokenised = inference.tokenise(texts, lacking, settings.partitions)
        done = tokenised.done.effort
        figures |= {"texts": done.texts, "chars": done.chars, "tokens": done.tokens}
    with closing(tokenised), run.timer.stage("inference", model=card.name) as figures:
        throughput = inference.score(tokenised, lambda rows: store.append(rows, run.run_id)).as_dict()
        figures |= throughput
    with run.timer.stage("scores", model=card.name):
        # One view of the store for both tables: what another run adds meanwhile must not fall between them.
        scored = one_per_text(known.unionByName(store.of_run(run.run_id)), card)
        table = scores_table(wanted, scored, card, run.thresholds(model))
        complete = materialize(table, run.folder / "scores" / f"model={card.name}").count() == count
    foreign = in_foreign_language(examined.documents, card, run.score_undetermined)
    # Comparing all documents with all scores once more costs as much as the scores table itself.
    lost = [] if complete else [unscored(wanted, scored, store.failures(run.run_id), card)]
    return ModelResult(throughput, [foreign, *lost])


def look_up(
    documents: DataFrame, count: int, store: ScoreStore, run_id: str, work: Folder
) -> tuple[DataFrame, DataFrame]:
    """Tell the texts that the store knows from those that it lacks.

    Args:
        documents: Those that the model is to score.
        count: How many they are.
        store: Where scores are kept.
        run_id: The run that will add to the store.
        work: Folder for what is found.

    Returns:
        What the store says, as `ScoreStore.lookup` returns it; and one document for each text that it lacks:
        `content_key, place, n_chars`.
    """
    texts = documents.groupBy("content_key").agg(F.min("place").alias("place"), F.max("n_chars").alias("n_chars"))
    if store.is_empty:
        known = store.of_run(run_id)
    else:
        keys = texts.select("content_key")
        asked = F.broadcast(keys) if count <= _KEYS_TO_SEND else keys
        known = materialize(store.lookup(asked), work / "known")
    lacking = texts.join(known.select("content_key"), "content_key", "left_anti")
    return known, materialize(lacking, work / "lacking")

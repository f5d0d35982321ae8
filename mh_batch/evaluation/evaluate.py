"""An evaluation, from labelled texts to what is written of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mh_batch.common.console import announce
from mh_batch.errors import CorpusError, SettingsError
from mh_batch.evaluation.contenders import Contender, Predictions, executions_of, predict, scored_by_all
from mh_batch.evaluation.data.labelled_data import LabelledData
from mh_batch.evaluation.data.labelled_texts import LabelledTexts, ModelScores, local_device, open_labelled
from mh_batch.evaluation.label_mapping import label_mappings
from mh_batch.evaluation.measures.bootstrap import measure_predictions, reliability_rows, truth_of
from mh_batch.evaluation.measures.error_rates import card_to_write, measure_error_rates, write_error_rates
from mh_batch.evaluation.measures.speed import Speed, measure_latency
from mh_batch.evaluation.measures.thresholds import read_criterion
from mh_batch.evaluation.report.metadata import evaluation_metadata, remarks_on
from mh_batch.evaluation.report.published_comparison import published_table
from mh_batch.evaluation.report.writing import evaluation_summary, write_evaluation
from mh_batch.evaluation.result import Evaluation
from mh_batch.inference import load_scorer
from mh_batch.models import Model, locate_model
from mh_batch.settings import EvaluationSettings

Thresholds = Mapping[str, dict[str, float]]
"""By contender's title and label of the data."""


def evaluate(settings: EvaluationSettings) -> str:
    """Measure models on labelled texts, write what was found, and return a summary.

    Raises:
        UsageError: models, data or settings do not fit together; nothing was measured.
    """
    models = _models(settings)
    with open_labelled(settings.data, settings, [model.card for model in models]) as labelled:
        contenders = _contenders(models, labelled.data.labels, settings)
        to_write = card_to_write(settings.write_card, contenders) if settings.write_card else None
        thresholds = _chosen_thresholds(contenders, settings)
        scored = [labelled.texts.scored(one.model, one.execution) for one in contenders]
        speeds = {} if settings.no_speed else _speeds(contenders, scored, labelled, settings)
    found = _found(contenders, labelled, scored, thresholds, speeds, settings)
    written = write_evaluation(found, settings.output, settings.keep_predictions)
    if to_write is not None and settings.write_card is not None:
        own = next(one for one in found.predictions if one.contender is to_write)
        write_error_rates(settings.write_card, own, found.rates[to_write.title])
        written = [*written, settings.write_card]
    return evaluation_summary(found, written)


def _models(settings: EvaluationSettings) -> list[Model]:
    """Find the models, and check what can be checked before anything is read."""
    if settings.threshold_criterion:
        read_criterion(settings.threshold_criterion)
    if settings.reproduces:
        published_table(settings.reproduces)
    models = [locate_model(name, settings.models_dir) for name in dict.fromkeys(settings.model)]
    names = [model.card.name for model in models]
    if len(set(names)) < len(names):
        raise SettingsError(f"two models have the same name: {', '.join(names)}; rename one of their folders or cards")
    return models


def _contenders(models: Sequence[Model], labels: Sequence[str], settings: EvaluationSettings) -> list[Contender]:
    return [
        Contender(model, execution, tuple(label_mappings(model.card, labels)))
        for model in models
        for execution in executions_of(model, settings.engine, settings.precision)
    ]


def _chosen_thresholds(contenders: Sequence[Contender], settings: EvaluationSettings) -> Thresholds:
    """Choose each contender's thresholds on the validation rows; none without a criterion: then the cards' hold."""
    if settings.threshold_criterion is None:
        return {}
    criterion = read_criterion(settings.threshold_criterion)
    chosen: dict[str, dict[str, float]] = {}
    with open_labelled(settings.validation, settings, [one.model.card for one in contenders]) as labelled:
        for one in contenders:
            rows = labelled.texts.scored(one.model, one.execution).rows[labelled.data.places]
            scorable = scored_by_all([rows])
            data, said = labelled.data.where(scorable), predict(one, rows[scorable], {})
            chosen[one.title] = {}
            for column, label in enumerate(one.labels):
                if label not in data.labels:
                    raise SettingsError(f"the validation rows say nothing of '{label}': no threshold can be chosen")
                known, truth = truth_of(data, label)
                chosen[one.title][label] = criterion.choose(truth, said.probabilities[known, column])
    return chosen


def _speeds(
    contenders: Sequence[Contender],
    scored: Sequence[ModelScores],
    labelled: LabelledTexts,
    settings: EvaluationSettings,
) -> dict[str, Speed]:
    sample = labelled.texts.sample(settings.speed_texts, settings.seed)
    speeds = {}
    for one, own in zip(contenders, scored, strict=True):
        scorer = load_scorer(one.model, one.execution, local_device(settings.device), settings.token_budget)
        speeds[one.title] = Speed(len(own.rows), own.seconds, measure_latency(scorer, sample))
    return speeds


def _found(
    contenders: Sequence[Contender],
    labelled: LabelledTexts,
    scored: Sequence[ModelScores],
    thresholds: Thresholds,
    speeds: Mapping[str, Speed],
    settings: EvaluationSettings,
) -> Evaluation:
    rows = [own.rows[labelled.data.places] for own in scored]
    common = scored_by_all(rows)
    if not common.any():
        raise CorpusError("no row could be scored by all models")
    data: LabelledData = labelled.data.where(common)
    said: list[Predictions] = [
        predict(one, own[common], thresholds.get(one.title, {})) for one, own in zip(contenders, rows, strict=True)
    ]
    announce(f"measuring on {len(data.doc_ids):,} rows, {settings.draws:,} bootstrap samples")
    metrics, differences = measure_predictions(said, data, settings.draws, settings.seed)
    return Evaluation(
        data=data,
        predictions=said,
        metrics=metrics,
        differences=differences,
        reliability=reliability_rows(said, data),
        speeds=speeds,
        rates={one.contender.title: measure_error_rates(one, data) for one in said},
        remarks=remarks_on(labelled, data, said, settings),
        metadata=evaluation_metadata(labelled, data, said, speeds, settings),
        reproduces=settings.reproduces,
    )

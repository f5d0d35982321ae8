"""One evaluation, from labelled texts to what is written of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mh_batch.common.console import announce
from mh_batch.errors import CorpusError, SettingsError
from mh_batch.evaluation.contenders import Contender, Predictions, executions_of, predictions, scored_by_all
from mh_batch.evaluation.data import LabelledData
from mh_batch.evaluation.error_rates import card_to_write, error_rates, write_card
from mh_batch.evaluation.label_mapping import readings
from mh_batch.evaluation.loading import Labelled, opened
from mh_batch.evaluation.measuring import measure, reliability_rows, truth_of
from mh_batch.evaluation.metadata import about, notes
from mh_batch.evaluation.published import published_table
from mh_batch.evaluation.result import Evaluation, Speed
from mh_batch.evaluation.speed import measure_latency
from mh_batch.evaluation.texts import Scored, here
from mh_batch.evaluation.thresholds import read_criterion
from mh_batch.evaluation.writing import summary, write
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
    with opened(settings.data, settings, [model.card for model in models]) as labelled:
        contenders = _contenders(models, labelled.data.labels, settings)
        to_write = card_to_write(settings.write_card, contenders) if settings.write_card else None
        thresholds = _chosen_thresholds(contenders, settings)
        scored = [labelled.texts.scored(one.model, one.execution) for one in contenders]
        speeds = {} if settings.no_speed else _speeds(contenders, scored, labelled, settings)
    found = _found(contenders, labelled, scored, thresholds, speeds, settings)
    written = write(found, settings.output, settings.keep_predictions)
    if to_write is not None and settings.write_card is not None:
        own = next(one for one in found.predictions if one.contender is to_write)
        write_card(settings.write_card, own, found.rates[to_write.title])
        written = [*written, settings.write_card]
    return summary(found, written)


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
        Contender(model, execution, tuple(readings(model.card, labels)))
        for model in models
        for execution in executions_of(model, settings.engine, settings.precision)
    ]


def _chosen_thresholds(contenders: Sequence[Contender], settings: EvaluationSettings) -> Thresholds:
    """Choose each contender's thresholds on the validation rows; none without a criterion: then the cards' hold."""
    if settings.threshold_criterion is None:
        return {}
    criterion = read_criterion(settings.threshold_criterion)
    chosen: dict[str, dict[str, float]] = {}
    with opened(settings.validation, settings, [one.model.card for one in contenders]) as labelled:
        for one in contenders:
            rows = labelled.texts.scored(one.model, one.execution).rows[labelled.data.places]
            scorable = scored_by_all([rows])
            data, said = labelled.data.where(scorable), predictions(one, rows[scorable], {})
            chosen[one.title] = {}
            for column, label in enumerate(one.labels):
                if label not in data.labels:
                    raise SettingsError(f"the validation rows say nothing of '{label}': no threshold can be chosen")
                known, truth = truth_of(data, label)
                chosen[one.title][label] = criterion.choose(truth, said.probabilities[known, column])
    return chosen


def _speeds(
    contenders: Sequence[Contender], scored: Sequence[Scored], labelled: Labelled, settings: EvaluationSettings
) -> dict[str, Speed]:
    sample = labelled.texts.sample(settings.speed_texts, settings.seed)
    speeds = {}
    for one, own in zip(contenders, scored, strict=True):
        scorer = load_scorer(one.model, one.execution, here(settings.device), settings.token_budget)
        speeds[one.title] = Speed(len(own.rows), own.seconds, measure_latency(scorer, sample))
    return speeds


def _found(
    contenders: Sequence[Contender],
    labelled: Labelled,
    scored: Sequence[Scored],
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
        predictions(one, own[common], thresholds.get(one.title, {})) for one, own in zip(contenders, rows, strict=True)
    ]
    announce(f"measuring on {len(data.doc_ids):,} rows, {settings.draws:,} bootstrap samples")
    metrics, differences = measure(said, data, settings.draws, settings.seed)
    return Evaluation(
        data=data,
        predictions=said,
        metrics=metrics,
        differences=differences,
        reliability=reliability_rows(said, data),
        speeds=speeds,
        rates={one.contender.title: error_rates(one, data) for one in said},
        notes=notes(labelled, data, said, settings),
        about=about(labelled, data, said, speeds, settings),
        reproduces=settings.reproduces,
    )

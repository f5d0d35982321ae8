"""From probabilities to labels, as Spark expressions. Thresholds live here and not in the store."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from mh_batch.errors import SettingsError, nearest
from mh_batch.models import ModelCard

_DEFAULT_THRESHOLD = 0.5


def thresholds_of(card: ModelCard, chosen: Mapping[str, float]) -> dict[str, float]:
    """Return the probability from which each label is given.

    Independent labels always have one (0.5 unless the card or `chosen` says otherwise); exclusive labels have one only
    where the card or `chosen` names one, and go to the most probable label else.
    """
    named = {**card.thresholds, **{label: value for label, value in chosen.items() if label in card.labels}}
    if card.task == "single_label":
        return named
    return {label: named.get(label, _DEFAULT_THRESHOLD) for label in card.labels}


def check_thresholds(cards: Sequence[ModelCard], chosen: Mapping[str, float]) -> None:
    """Raise SettingsError if a threshold is for a label that no model has."""
    known = {label for card in cards for label in card.labels}
    for label in chosen:
        if label not in known:
            raise SettingsError(f"threshold for '{label}', a label of none of the models: {nearest(label, known)}")


def top_label(labels: Sequence[str], probability: Mapping[str, Column]) -> Column:
    """Return the one of `labels` with the highest probability; the first of them where several tie."""
    among = [probability[label] for label in labels]
    highest = F.greatest(*among) if len(among) > 1 else among[0]
    return F.coalesce(*[F.when(probability[label] == highest, F.lit(label)) for label in labels])


def given_labels(card: ModelCard, thresholds: Mapping[str, float], probability: Mapping[str, Column]) -> Column:
    """Return the labels that a document is given, in the card's order.

    Independent labels: all that reach their threshold. Exclusive labels: exactly one, the most probable of those that
    reach a threshold of their own; if none does, the most probable of those without one.
    """
    if card.task == "multi_label":
        reached = [F.when(probability[label] >= thresholds[label], F.lit(label)) for label in card.labels]
        return F.array_compact(F.array(*reached))
    with_threshold = [label for label in card.labels if label in thresholds]
    without = [label for label in card.labels if label not in thresholds] or list(card.labels)
    passing = {label: F.when(probability[label] >= thresholds[label], probability[label]) for label in with_threshold}
    chosen = [top_label(with_threshold, passing)] if with_threshold else []
    return F.array(F.coalesce(*chosen, top_label(without, probability)))

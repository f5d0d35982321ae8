"""Labels from probabilities: thresholds, and the labels that one text is given."""

from collections.abc import Mapping, Sequence

from mh_batch.errors import SettingsError, nearest
from mh_batch.models.card import ModelCard

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


def given_labels(card: ModelCard, thresholds: Mapping[str, float], probabilities: Sequence[float]) -> tuple[str, ...]:
    """Return the labels that a text is given, in the card's order.

    Independent labels: all that reach their threshold. Exclusive labels: exactly one, the most probable of those that
    reach a threshold of their own; if none does, the most probable of those without one.

    Args:
        card: The model's card.
        thresholds: As `thresholds_of` returns them.
        probabilities: One for each label of the card.
    """
    probability = dict(zip(card.labels, probabilities, strict=True))
    reached = [label for label, least in thresholds.items() if probability[label] >= least]
    if card.task == "multi_label":
        return tuple(label for label in card.labels if label in reached)
    without = [label for label in card.labels if label not in thresholds] or list(card.labels)
    among = [label for label in card.labels if label in (reached or without)]
    return (max(among, key=probability.__getitem__),)

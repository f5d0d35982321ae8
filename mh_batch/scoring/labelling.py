"""From probabilities to labels, as Spark expressions. Thresholds are applied here; the store knows none."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from mh_batch.models import ModelCard


def top_label(labels: Sequence[str], probability: Mapping[str, Column]) -> Column:
    """Return the one of `labels` with the highest probability; the first of them where several tie."""
    among = [probability[label] for label in labels]
    highest = F.greatest(*among) if len(among) > 1 else among[0]
    return F.coalesce(*[F.when(probability[label] == highest, F.lit(label)) for label in labels])


def given_labels_column(card: ModelCard, thresholds: Mapping[str, float], probability: Mapping[str, Column]) -> Column:
    """Return the labels that a document is given, by the rule of `mh_batch.models.labels.given_labels`."""
    if card.task == "multi_label":
        reached = [F.when(probability[label] >= thresholds[label], F.lit(label)) for label in card.labels]
        return F.array_compact(F.array(*reached))
    with_threshold = [label for label in card.labels if label in thresholds]
    without = [label for label in card.labels if label not in thresholds] or list(card.labels)
    passing = {label: F.when(probability[label] >= thresholds[label], probability[label]) for label in with_threshold}
    chosen = [top_label(with_threshold, passing)] if with_threshold else []
    return F.array(F.coalesce(*chosen, top_label(without, probability)))

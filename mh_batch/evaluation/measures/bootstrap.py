"""Figures of predictions with bootstrap intervals: by label, by group, and as differences between models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mh_batch.evaluation.contenders import Predictions
from mh_batch.evaluation.data.labelled_data import ALL, LabelledData
from mh_batch.evaluation.measures.curves import reliability_curve
from mh_batch.evaluation.measures.metrics import (
    COUNTS,
    Confusion,
    Floats,
    all_labels_figures,
    label_figures,
    once,
    roc_auc_by_predicted_class,
)

# Weights held at once, which bounds memory: 8 bytes each, and the figures need a few copies.
_MOST_WEIGHTS = 8_000_000
# Of the draws, the share in which a figure must be defined for an interval.
_LEAST_DEFINED = 0.95
_ENDS = (2.5, 97.5)

Row = dict[str, Any]
Place = tuple[str, str]
"""A label of the data, or `all`, and a metric."""

_PREDICTED_CLASS = "roc_auc_by_predicted_class"
_AREAS = ("roc_auc", "pr_auc")
_NEEDS_BOTH = ("roc_auc", _PREDICTED_CLASS, "f1_macro", "f1_weighted", "roc_auc_macro")


def draw_weights(clusters: npt.NDArray[np.int64], draws: int, seed: int | Sequence[int]) -> Iterator[Floats]:
    """Yield how often each row is drawn (some draws x rows), until there are `draws` of them.

    Clusters are drawn with replacement, as many as there are, with all of their rows. The same seed draws the same.

    Args:
        clusters: Number of each row's cluster: its author, or itself.
        draws: How many bootstrap samples.
        seed: Of the random numbers.
    """
    _, places = np.unique(clusters, return_inverse=True)
    count = int(places.max()) + 1
    generator = np.random.default_rng(seed)
    step = max(1, _MOST_WEIGHTS // len(places))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = generator.integers(count, size=(size, count)) + np.arange(size)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        yield times[:, places].astype(np.float64)


def percentile_interval(draws: Floats) -> tuple[float | None, float | None]:
    """Return the ends of the 95 % percentile interval; none where too few draws define the figure."""
    defined = draws[~np.isnan(draws)]
    if len(defined) < _LEAST_DEFINED * len(draws):
        return None, None
    low, high = np.percentile(defined, _ENDS)
    return float(low), float(high)


def measure_predictions(
    predictions: Sequence[Predictions], data: LabelledData, draws: int, seed: int
) -> tuple[list[Row], list[Row]]:
    """Return the rows of the tables `metrics` and `differences`.

    All contenders are measured on the same draws, so that their differences are paired.

    Args:
        predictions: Of each contender, over the rows of `data`.
        data: Labelled rows.
        draws: Bootstrap samples.
        seed: Of the bootstrap.
    """
    metrics: list[Row] = []
    differences: list[Row] = []
    for number, (kind, group, rows) in enumerate(data.cuts()):
        points = [_figures(one, data, rows, once(len(rows))) for one in predictions]
        drawn: list[list[dict[Place, Floats]]] = [[] for _ in predictions]
        for weights in draw_weights(data.clusters[rows], draws, (seed, number)):
            for own, one in zip(drawn, predictions, strict=True):
                own.append(_figures(one, data, rows, weights))
        resampled = [_concatenated(own) for own in drawn]
        for one, point, figures in zip(predictions, points, resampled, strict=True):
            place = {**one.contender.key, "group_kind": kind, "group": group}
            metrics += [{**place, **row} for row in _metric_rows(one, data, rows, point, figures)]
        if kind == ALL:
            differences = list(_difference_rows(predictions, data, points, resampled))
    return metrics, differences


def reliability_rows(predictions: Sequence[Predictions], data: LabelledData) -> list[Row]:
    """Return the rows of the table `reliability`."""
    rows = []
    for one in predictions:
        for column, label in enumerate(one.contender.labels):
            known, truth = truth_of(data, label)
            found = reliability_curve(truth, one.probabilities[known, column])
            rows += [{**one.contender.key, "label": label, **own} for own in found]
    return rows


def truth_of(data: LabelledData, label: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return for which rows a label is known, and for these whether it holds."""
    values = data.known[:, data.labels.index(label)]
    known = ~np.isnan(values)
    return known, values[known] == 1


def _figures(one: Predictions, data: LabelledData, rows: npt.NDArray[np.int64], weights: Floats) -> dict[Place, Floats]:
    found: dict[Place, Floats] = {}
    for column, label in enumerate(one.contender.labels):
        values = data.known[rows, data.labels.index(label)]
        known = ~np.isnan(values)
        own = weights if known.all() else weights[:, known]
        answers = values[known] == 1, one.said[rows[known], column], one.probabilities[rows[known], column]
        found |= {(label, metric): value for metric, value in label_figures(*answers, own).items()}
        if len(weights) == 1:  # it needs no interval, and costs as much as the two areas together
            found[label, _PREDICTED_CLASS] = roc_auc_by_predicted_class(*answers, own)
    if len(one.contender.labels) > 1:
        counted = [Confusion(*(found[label, name] for name in COUNTS)) for label in one.contender.labels]
        areas = {name: [found[label, name] for label in one.contender.labels] for name in _AREAS}
        found |= {(ALL, metric): value for metric, value in all_labels_figures(counted, areas).items()}
    return found


def _concatenated(parts: Sequence[Mapping[Place, Floats]]) -> dict[Place, Floats]:
    return {place: np.concatenate([part[place] for part in parts]) for place in parts[0]}


def _metric_rows(
    one: Predictions,
    data: LabelledData,
    rows: npt.NDArray[np.int64],
    point: Mapping[Place, Floats],
    resampled: Mapping[Place, Floats],
) -> Iterator[Row]:
    for (label, metric), values in point.items():
        value, (n, positives) = float(values[0]), _behind(one, data, rows, label)
        figure = None if np.isnan(value) else value
        drawn = resampled.get((label, metric))
        low, high = (
            percentile_interval(drawn)
            if drawn is not None and figure is not None and metric not in COUNTS
            else (None, None)
        )
        reason = None if figure is not None else _reason(metric, n, positives)
        yield {
            "label": label,
            "metric": metric,
            "value": figure,
            "low": low,
            "high": high,
            "reason": reason,
            "n": n,
            "positives": positives,
        }


def _behind(one: Predictions, data: LabelledData, rows: npt.NDArray[np.int64], label: str) -> tuple[int, int]:
    """Rows in which a label is known, or any of the contender's, and how many of them have it."""
    columns = [data.labels.index(name) for name in (one.contender.labels if label == ALL else (label,))]
    values = data.known[rows][:, columns]
    return int((~np.isnan(values)).any(axis=1).sum()), int((values == 1).sum())


def _reason(metric: str, n: int, positives: int) -> str:
    if n == 0:
        return "no rows"
    if (metric.endswith(("_macro", "_weighted")) and not metric.startswith("f1")) or metric in _NEEDS_BOTH:
        return "no positives" if positives == 0 else "no negatives" if positives == n else "a label is not defined"
    if metric.startswith("precision") and positives:
        return "nothing was marked"
    return "no negatives" if metric == "specificity" else "no positives"


def _difference_rows(
    predictions: Sequence[Predictions],
    data: LabelledData,
    points: Sequence[Mapping[Place, Floats]],
    resampled: Sequence[Mapping[Place, Floats]],
) -> Iterator[Row]:
    first, everything = predictions[0], np.arange(len(data.doc_ids))
    for one, point, own in zip(predictions[1:], points[1:], resampled[1:], strict=True):
        for label, metric in point:
            comparable = label != ALL or one.contender.labels == first.contender.labels
            if metric in (*COUNTS, _PREDICTED_CLASS) or (label, metric) not in points[0] or not comparable:
                continue
            value = float(point[label, metric][0] - points[0][label, metric][0])
            undefined = bool(np.isnan(value))
            low, high = (
                (None, None) if undefined else percentile_interval(own[label, metric] - resampled[0][label, metric])
            )
            yield {
                **one.contender.key,
                "against": first.contender.title,
                "label": label,
                "metric": metric,
                "value": None if undefined else value,
                "low": low,
                "high": high,
                "n": _behind(one, data, everything, label)[0],
            }

"""An evaluation in tables of words, as the comparison and the page show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mh_batch.evaluation.data.labelled_data import ALL
from mh_batch.evaluation.measures.bootstrap import Row
from mh_batch.evaluation.result import Evaluation

INDICATOR = "What a classifier says of texts is an indicator, not a diagnosis."

NAMES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall (sensitivity)",
    "specificity": "specificity",
    "f1": "F1",
    "f1_macro": "F1, macro over both classes",
    "f1_weighted": "F1, weighted over both classes",
    "roc_auc": "ROC-AUC by P(label)",
    "pr_auc": "PR-AUC (average precision)",
    "brier": "Brier score (lower is better)",
    "ece": "ECE, 10 bins (lower is better)",
    "roc_auc_by_predicted_class": "ROC-AUC by the predicted class, as published: says nothing of quality",
}
KINDS = {"language": "language", "length_band": "length in words", "source": "source"}
_BY_GROUP = ("accuracy", "precision", "recall", "f1", "roc_auc")
_COMPARED = ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "ece")
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class TextTable:
    """A table whose first columns hold words, and the others figures."""

    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


def formatted_number(value: float | None, digits: int = 4) -> str:
    """Write a figure; a dash where there is none."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def formatted(row: Row | None) -> str:
    """Write a figure with its interval, or why there is none."""
    if row is None:
        return NOTHING
    if row["value"] is None:
        return str(row["reason"] or NOTHING)
    ends = (
        f" ({formatted_number(row['low'])}\N{EN DASH}{formatted_number(row['high'])})" if row["low"] is not None else ""
    )
    return formatted_number(row["value"]) + ends


def overall_table(found: Evaluation, label: str) -> TextTable:
    """All figures of one label of each contender."""
    own = [one for one in found.contenders if label in one.labels]
    rows = [(name, *(formatted(found.overall(one, label, metric)) for one in own)) for metric, name in NAMES.items()]
    behind = found.overall(own[0], label, "accuracy")
    caption = (
        f"{behind['n']:,} rows, {behind['positives']:,} with the label; 95 % bootstrap intervals." if behind else ""
    )
    return TextTable(label, caption, ("figure", *(one.title for one in own)), tuple(rows))


def averages_table(found: Evaluation) -> TextTable | None:
    """Averages over labels of each contender that covers several; None if there is none."""
    own = [one for one in found.contenders if len(one.labels) > 1]
    if not own:
        return None
    metrics = dict.fromkeys(row["metric"] for row in found.found(own[0], label=ALL, group_kind=ALL))
    rows = [(_averaged(metric), *(formatted(found.overall(one, ALL, metric)) for one in own)) for metric in metrics]
    caption = "; ".join(f"{one.title}: {', '.join(one.labels)}" for one in own) + "."
    return TextTable("All labels", caption, ("average over labels", *(one.title for one in own)), tuple(rows))


def _averaged(metric: str) -> str:
    name, _, average = metric.rpartition("_")
    return f"{NAMES[name]}, {average}"


def confusion_table(found: Evaluation, label: str) -> TextTable:
    """Counts of each contender: true and false positives and negatives."""
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    own = [one for one in found.contenders if label in one.labels]
    rows = []
    for one in own:
        values = [found.overall(one, label, name) for name in counts]
        rows.append((one.title, *(f"{row['value']:,.0f}" if row else NOTHING for row in values)))
    header = ("", "has it, marked", "has it not, marked", "has it, not marked", "has it not, not marked")
    return TextTable(f"{label}: confusion", "", header, tuple(rows))


def group_tables(found: Evaluation, label: str) -> Iterator[TextTable]:
    """The chief figures of one label by language, length and source, of each contender."""
    for kind, name in KINDS.items():
        rows = []
        for one in (one for one in found.contenders if label in one.labels):
            own = found.found(one, label=label, group_kind=kind)
            for group in dict.fromkeys(row["group"] for row in own):
                by_metric = {row["metric"]: row for row in own if row["group"] == group}
                some = by_metric["accuracy"]
                behind = (f"{some['n']:,}", f"{some['positives']:,}")
                rows.append((one.title, group, *behind, *(formatted(by_metric[metric]) for metric in _BY_GROUP)))
        header = ("model", name, "rows", "with it", *(NAMES[metric] for metric in _BY_GROUP))
        if rows:
            yield TextTable(f"{label} by {name}", "", header, tuple(rows), 2)


def difference_table(found: Evaluation) -> TextTable:
    """Differences of each contender from the first, on the same draws."""
    rows = [
        (f"{row['model']}, {row['engine']} {row['precision']}", str(row["label"]), NAMES[row["metric"]], _signed(row))
        for row in found.differences
        if row["metric"] in _COMPARED and row["label"] != ALL
    ]
    caption = (
        f"Figure minus that of {found.contenders[0].title}; paired bootstrap: an interval without 0 is a difference."
    )
    return TextTable("Differences between models", caption, ("model", "label", "figure", "difference"), tuple(rows), 3)


def _signed(row: Row) -> str:
    if row["value"] is None:
        return NOTHING
    value, low, high = (None if row[name] is None else f"{row[name]:+.4f}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})" if low is not None else str(value)


def speed_table(found: Evaluation) -> TextTable:
    """Latency and throughput of each contender."""
    rows = []
    for title, speed in found.speeds.items():
        times = [
            formatted_number(value, 2)
            for value in (speed.latency.mean, speed.latency.sd, speed.latency.p50, speed.latency.p95)
        ]
        rows.append((title, *times, f"{speed.texts_per_second:,.1f}"))
    machine = found.metadata["machine"]
    some = next(iter(found.speeds.values()), None)
    caption = (
        f"One text at a time, {some.latency.texts} texts after a warm-up, in milliseconds; texts/s over "
        f"{some.texts:,} texts in batches; {machine['processor']}, {some.latency.threads} threads on "
        f"{machine['cores']} cores."
        if some
        else ""
    )
    return TextTable("Speed", caption, ("model", "mean", "sd", "p50", "p95", "texts/s"), tuple(rows))

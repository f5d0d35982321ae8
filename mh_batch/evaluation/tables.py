"""What an evaluation found, in tables of words, as the comparison and the page show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mh_batch.evaluation.data import ALL
from mh_batch.evaluation.measuring import Row
from mh_batch.evaluation.result import Evaluation

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
    about: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


def number(value: float | None, digits: int = 4) -> str:
    """Write a figure; a dash where there is none."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def figure(row: Row | None) -> str:
    """Write a figure with its interval, or why there is none."""
    if row is None:
        return NOTHING
    if row["value"] is None:
        return str(row["reason"] or NOTHING)
    ends = f" ({number(row['low'])}\N{EN DASH}{number(row['high'])})" if row["low"] is not None else ""
    return number(row["value"]) + ends


def overall_table(found: Evaluation, label: str) -> TextTable:
    """All figures of one label of each contender."""
    own = [one for one in found.contenders if label in one.labels]
    rows = [(name, *(figure(found.overall(one, label, metric)) for one in own)) for metric, name in NAMES.items()]
    behind = found.overall(own[0], label, "accuracy")
    about = f"{behind['n']:,} rows, {behind['positives']:,} with the label; 95 % bootstrap intervals." if behind else ""
    return TextTable(label, about, ("figure", *(one.title for one in own)), tuple(rows))


def averages_table(found: Evaluation) -> TextTable | None:
    """Averages over labels of each contender that tells of several; None if there is none."""
    own = [one for one in found.contenders if len(one.labels) > 1]
    if not own:
        return None
    metrics = dict.fromkeys(row["metric"] for row in found.found(own[0], label=ALL, group_kind=ALL))
    rows = [(_averaged(metric), *(figure(found.overall(one, ALL, metric)) for one in own)) for metric in metrics]
    about = "; ".join(f"{one.title}: {', '.join(one.labels)}" for one in own) + "."
    return TextTable("All labels", about, ("average over labels", *(one.title for one in own)), tuple(rows))


def _averaged(metric: str) -> str:
    name, _, average = metric.rpartition("_")
    return f"{NAMES[name]}, {average}"


def confusion_table(found: Evaluation, label: str) -> TextTable:
    """How often each answer met each truth."""
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
                rows.append((one.title, group, *behind, *(figure(by_metric[metric]) for metric in _BY_GROUP)))
        header = ("model", name, "rows", "with it", *(NAMES[metric] for metric in _BY_GROUP))
        if rows:
            yield TextTable(f"{label} by {name}", "", header, tuple(rows), 2)


def difference_table(found: Evaluation) -> TextTable:
    """What each contender has more than the first, on the same draws."""
    rows = [
        (f"{row['model']}, {row['engine']} {row['precision']}", str(row["label"]), NAMES[row["metric"]], _signed(row))
        for row in found.differences
        if row["metric"] in _COMPARED and row["label"] != ALL
    ]
    about = (
        f"Figure minus that of {found.contenders[0].title}; paired bootstrap: an interval without 0 is a difference."
    )
    return TextTable("Differences between models", about, ("model", "label", "figure", "difference"), tuple(rows), 3)


def _signed(row: Row) -> str:
    if row["value"] is None:
        return NOTHING
    value, low, high = (None if row[name] is None else f"{row[name]:+.4f}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})" if low is not None else str(value)


def speed_table(found: Evaluation) -> TextTable:
    """How fast each contender was."""
    rows = []
    for title, speed in found.speeds.items():
        times = [
            number(value, 2) for value in (speed.latency.mean, speed.latency.sd, speed.latency.p50, speed.latency.p95)
        ]
        rows.append((title, *times, f"{speed.texts_per_second:,.1f}"))
    machine = found.about["machine"]
    some = next(iter(found.speeds.values()), None)
    about = (
        f"One text at a time, {some.latency.texts} texts after a warm-up, in milliseconds; texts/s over "
        f"{some.texts:,} texts in batches; {machine['processor']}, {some.latency.threads} threads on "
        f"{machine['cores']} cores."
        if some
        else ""
    )
    return TextTable("Speed", about, ("model", "mean", "sd", "p50", "p95", "texts/s"), tuple(rows))

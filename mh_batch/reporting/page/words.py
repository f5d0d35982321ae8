"""The page's words: names of groups, assumptions, an example, and descriptions of charts for those who hear them."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from mh_batch.charts.formats import count, day, of_hundred, percent, percent_interval, percentage_points
from mh_batch.corpus import UNDETERMINED
from mh_batch.reporting.groupings import ALL, UNKNOWN
from mh_batch.reporting.page.leading_measures import ANY_POSITIVE, PREVALENCE, Measure, Row
from mh_batch.reporting.page.views import Groups
from mh_batch.settings import Period

_TABLE = "A table with all figures follows."
_OF_LANGUAGES = {ALL: "all languages", UNDETERMINED: "language undetermined"}


def group_name(dimension: str, value: str) -> str:
    """Return what readers call a group: a language by its English name, others as the corpus does."""
    if value == UNKNOWN:
        return f"{dimension} unknown"
    if dimension == "language":
        return _OF_LANGUAGES.get(value) or _languages().get(value, value)
    return value


@cache
def _languages() -> dict[str, str]:
    path = files("mh_batch.reporting.page") / "languages.yaml"
    names: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return names


def example(row: Row, measure: Measure) -> list[str]:
    """Read a headline number aloud, for a reader who is no statistician.

    Args:
        row: A row of `prevalence` over all documents, with figures.
        measure: What the page leads with for its label.
    """
    if measure == ANY_POSITIVE:
        return [_example_of_authors(row)]
    counted = (
        f"The classifier marked {count(row['positives'])} of {count(row['documents'])} texts as "
        f"\N{LEFT DOUBLE QUOTATION MARK}{row['label']}\N{RIGHT DOUBLE QUOTATION MARK}: that is "
        f"{percent(row['share'])}, the share."
    )
    return [counted, *(_example_of_adjustment(row) if measure == PREVALENCE else [])]


def _example_of_authors(row: Row) -> str:
    return (
        f"About {of_hundred(row['any_positive'])} of 100 authors wrote at least one text that the classifier marked as "
        f"\N{LEFT DOUBLE QUOTATION MARK}{row['label']}\N{RIGHT DOUBLE QUOTATION MARK}. Allowing for chance and the "
        f"added noise, it may be from {percent(row['any_positive_low'])} to {percent(row['any_positive_high'])}."
    )


def _example_of_adjustment(row: Row) -> list[str]:
    return [
        f"On the texts that it was measured on, the classifier found {of_hundred(row['sensitivity'])} of 100 that "
        f"deserve the label, and marked {of_hundred(1 - row['specificity'])} of 100 that do not.",
        f"If it errs here as often, about {of_hundred(row['prevalence'])} of 100 texts deserve the label: the "
        f"prevalence, {percent(row['prevalence'])}.",
        f"Chance alone could have moved that figure by as much as the interval says: from "
        f"{percent(row['prevalence_low'])} to {percent(row['prevalence_high'])}.",
    ]


def describe_time(title: str, rows: Sequence[Row], unit: str, period: Period) -> str:
    """Describe a series over time, in one language or in all.

    Args:
        title: What is drawn.
        rows: Its rows, with the figure of their label's measure.
        unit: What the figures are shares of.
        period: What dates are grouped by.
    """
    shown = [row for row in rows if row["value"] is not None]
    if not shown:
        return f"{title}: {unit} by {period}; all suppressed. {_TABLE}"
    latest = max(row["period"] for row in shown)
    words = [_in_words(row["label"], row) for row in shown if row["period"] == latest]
    hidden = len({row["period"] for row in rows if row["suppressed"]})
    start = day(min(row["period"] for row in rows))
    suppressed = f" Suppressed: {hidden} of them." if hidden else ""
    spanned = f"{len({row['period'] for row in rows})} {period}s from {start}"
    return (
        f"{title}: {unit} by {period}, {spanned}. Latest, from {day(latest)}: {'; '.join(words)}.{suppressed} {_TABLE}"
    )


def describe_groups(title: str, groups: Groups, unit: str) -> str:
    """Describe groups side by side; where they are many, only how they spread.

    Args:
        title: What is drawn.
        groups: The groups.
        unit: What the figures are shares of.
    """
    shown = [row for row in groups.rows if row["value"] is not None]
    words = [_in_words(f"{group_name(groups.dimension, row[groups.dimension])}, {row['label']}", row) for row in shown]
    if len(words) > 12:
        words = _spread(groups.dimension, shown)
    hidden = [group_name(groups.dimension, name) for name in groups.suppressed]
    suppressed = f" Suppressed: {', '.join(hidden)}." if hidden else ""
    return f"{title}: {unit} by {groups.dimension}. {'; '.join(words)}.{suppressed} {_TABLE}"


def describe_cells(title: str, label: str, rows: Sequence[Row], unit: str, period: Period) -> str:
    """Describe a map of regions over time.

    Args:
        title: What is drawn.
        label: The label that is drawn.
        rows: Rows of regions by period, of all labels.
        unit: What the figures are shares of.
        period: What dates are grouped by.
    """
    own = [row for row in rows if row["label"] == label]
    shown = [row["value"] for row in own if row["value"] is not None]
    ranged = f"from {percent(min(shown))} to {percent(max(shown))}" if shown else "all suppressed"
    hidden = sum(1 for row in own if row["suppressed"])
    size = f"{len({row['region'] for row in own})} regions by {period}"
    return f"{title}: {label}, {unit}, {size}, {ranged}; {hidden} cells suppressed. {_TABLE}"


def describe_scores(title: str, label: str) -> str:
    """Describe a distribution of probabilities."""
    return f"{title}: how the probability of {label} is distributed over the texts, in twentieths. {_TABLE}"


def describe_changes(title: str, rows: Sequence[Row]) -> str:
    """Describe the differences since the run before."""
    total = [f"{r['label']} {percentage_points(r['difference'])} points" for r in rows if r["language"] == "all"]
    return f"{title}: difference of the marked share since the run before. {'; '.join(total)}. {_TABLE}"


def _spread(dimension: str, rows: Sequence[Row]) -> list[str]:
    words = []
    for label in dict.fromkeys(row["label"] for row in rows):
        own = sorted((row for row in rows if row["label"] == label), key=lambda row: row["value"])
        ends = [f"{percent(row['value'])} ({group_name(dimension, row[dimension])})" for row in (own[0], own[-1])]
        words.append(f"{label} from {' to '.join(ends)}")
    return words


def _in_words(name: str, row: Mapping[str, Any]) -> str:
    return f"{name} {percent(row['value'])} ({percent_interval(row['low'], row['high'])})"

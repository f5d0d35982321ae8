"""Cuts of the prevalence table, as the page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypedDict

import pyarrow as pa
from pyarrow import compute as pc

from mh_batch.reporting.aggregates import ALL, UNDATED

LANGUAGES_SHOWN = 12
# One point takes about 200 bytes of chart and table; with the charts' code the page stays below 5 MB.
POINTS_SHOWN = 12_000
FEWEST_PERIODS = 8


class Share(TypedDict):
    """One row of the prevalence table."""

    model: str
    label: str
    period: str
    language: str
    documents: int
    authors: int
    positives: int
    prevalence: float
    ci_low: float
    ci_high: float
    mean_probability: float


@dataclass(frozen=True)
class ModelView:
    """What the page shows of one model.

    Attributes:
        labels: All labels, the one that means "none of the indicators" last.
        indicators: The labels that the charts draw: all but that one.
        totals: One share per label.
        by_language: Shares over all periods, the languages with most documents first.
        over_time: Shares of all languages together, by dated period.
        by_language_over_time: The same for each language shown.
        undated: Documents without a date.
    """

    name: str
    labels: tuple[str, ...]
    indicators: tuple[str, ...]
    totals: list[Share]
    by_language: list[Share]
    over_time: list[Share]
    by_language_over_time: dict[str, list[Share]]
    undated: int

    @property
    def languages(self) -> list[str]:
        """The languages shown, those with most documents first."""
        return list(dict.fromkeys(share["language"] for share in self.by_language))

    @property
    def headline(self) -> list[Share]:
        """The totals, in the order of the labels."""
        return sorted(self.totals, key=lambda share: self.labels.index(share["label"]))

    @property
    def panel_shares(self) -> list[Share]:
        """The shares of all panels, one language after the other."""
        return [share for shares in self.by_language_over_time.values() for share in shares]


def view_model(table: pa.Table, model: Mapping[str, Any], since: str | None) -> ModelView:
    """Cut one model's rows from the prevalence table.

    Args:
        table: A table under the contract `prevalence`.
        model: The model's entry in the manifest.
        since: First period that is shown over time, as ISO date; None for all.
    """
    own = table.filter(pc.field("model") == model["name"])
    negative = [label for label in model["labels"] if label == model.get("negative_label")]
    indicators = tuple(label for label in model["labels"] if label not in negative)
    languages = _languages(own)
    series = {language: _shares(_dated(own, since), language) for language in [ALL, *languages]}
    return ModelView(
        name=model["name"],
        labels=(*indicators, *negative),
        indicators=indicators,
        totals=_shares(_of_period(own, ALL), ALL),
        by_language=[share for language in languages for share in _shares(_of_period(own, ALL), language)],
        over_time=series.pop(ALL),
        by_language_over_time=series,
        undated=max((share["documents"] for share in _shares(_of_period(own, UNDATED), ALL)), default=0),
    )


def first_period_shown(table: pa.Table) -> str | None:
    """Return the first period, as ISO date, from which on all points fit into the page; None if all do."""
    points = table.filter(~pc.field("period").isin([ALL, UNDATED]))
    sizes = points.group_by("period").aggregate([("period", "count")]).sort_by([("period", "descending")])
    fitting = sum(size <= POINTS_SHOWN for size in accumulate(sizes["period_count"].to_pylist()))
    shown = max(fitting, FEWEST_PERIODS)
    first: str | None = sizes["period"][shown - 1].as_py() if shown < len(sizes) else None
    return first


def side_by_side(shares: Sequence[Share], labels: Sequence[str]) -> list[list[Share]]:
    """Group the shares by period and language; each group holds the labels in the given order."""
    groups: dict[tuple[str, str], dict[str, Share]] = {}
    for share in shares:
        groups.setdefault((share["period"], share["language"]), {})[share["label"]] = share
    return [[group[label] for label in labels] for group in groups.values()]


def _languages(table: pa.Table) -> list[str]:
    total = _of_period(table, ALL).filter(pc.field("language") != ALL)
    sizes = total.group_by("language").aggregate([("documents", "max")])
    ordered = sizes.sort_by([("documents_max", "descending"), ("language", "ascending")])
    names: list[str] = ordered["language"].to_pylist()
    return names[:LANGUAGES_SHOWN]


def _of_period(table: pa.Table, period: str) -> pa.Table:
    return table.filter(pc.field("period") == period)


def _dated(table: pa.Table, since: str | None) -> pa.Table:
    dated = table.filter(~pc.field("period").isin([ALL, UNDATED]) & (pc.field("period") >= (since or "")))
    return dated.sort_by([("period", "ascending"), ("label", "ascending")])


def _shares(table: pa.Table, language: str) -> list[Share]:
    shares: list[Share] = table.filter(pc.field("language") == language).to_pylist()
    return shares

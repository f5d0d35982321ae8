"""The rows of the report's tables that the page has room for, model by model; the tables themselves hold all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa
from pyarrow import compute as pc

from mh_batch.reporting.groupings import ALL, UNDATED
from mh_batch.reporting.page.leading_measures import Measure, Row, measured, measures_of
from mh_batch.reporting.report_tables import ReportTables
from mh_batch.settings import Period

# How many groups of a dimension are shown, those with most documents.
GROUPS_SHOWN: Mapping[str, int] = {"language": 12, "region": 20, "source": 20}
# One point takes about 150 bytes of chart and table; with the charts' code the page stays below 5 MB.
POINTS_SHOWN = 18_000
FEWEST_PERIODS = 8


@dataclass(frozen=True)
class Groups:
    """The groups of one dimension.

    Attributes:
        names: Those that are shown: by size, suppressed ones last.
        suppressed: Names among them whose figures are suppressed, and why.
        found: How many groups there are, shown or not.
        rows: The rows of those that are shown, in the order of the names.
    """

    dimension: str
    names: tuple[str, ...]
    suppressed: Mapping[str, str]
    found: int
    rows: list[Row]

    @property
    def open(self) -> list[str]:
        """The names of the groups whose figures are shown."""
        return [name for name in self.names if name not in self.suppressed]


def rows_by(table: pa.Table, *by: str) -> pa.Table:
    """Return the rows of groups that are cut by these."""
    return table.filter(_among("by", by))


def groups_of(table: pa.Table, dimension: str) -> Groups:
    """Return the largest groups of a dimension among one model's rows; their rows carry no measure yet."""
    own = rows_by(table, dimension)
    sizes: dict[str, tuple[int, str | None]] = {}
    for row in own.select([dimension, "documents", "authors", "suppressed"]).to_pylist():
        sizes[row[dimension]] = (row["documents"] or row["authors"] or 0, row["suppressed"])
    order = sorted(sizes, key=lambda name: (bool(sizes[name][1]), -sizes[name][0], name))
    names = tuple(order[: GROUPS_SHOWN[dimension]])
    rows = own.filter(_among(dimension, names)).to_pylist()
    rows.sort(key=lambda row: names.index(row[dimension]))
    suppressed = {name: reason for name in names if (reason := sizes[name][1])}
    return Groups(dimension, names, suppressed, len(sizes), rows)


def over_time(table: pa.Table, by: str, since: str | None, among: Mapping[str, Collection[str]] = {}) -> list[Row]:
    """Return the dated rows of a crossing, in order of period.

    Args:
        table: One model's rows.
        by: The crossing, such as `week,region`.
        since: First period that is shown, as ISO date; None for all.
        among: Values that are shown, for each further dimension of the crossing.
    """
    dated = rows_by(table, by).filter((pc.field("period") != UNDATED) & (pc.field("period") >= (since or "")))
    for dimension, names in among.items():
        dated = dated.filter(_among(dimension, names))
    rows: list[Row] = dated.sort_by([("period", "ascending"), ("label", "ascending")]).to_pylist()
    return rows


def first_period_shown(table: pa.Table, period: Period, models: Collection[Mapping[str, Any]]) -> str | None:
    """Return the first period, as ISO date, from which on all points fit into the page; None if all do.

    Args:
        table: The table `prevalence`.
        period: What dates are grouped by.
        models: What the manifest says of the models.
    """
    points = pa.concat_tables([_points(table, period, model) for model in models]) if models else table.slice(0, 0)
    sizes = points.group_by("period").aggregate([("period", "count")]).sort_by([("period", "descending")])
    fitting = sum(size <= POINTS_SHOWN for size in accumulate(sizes["period_count"].to_pylist()))
    shown = max(fitting, FEWEST_PERIODS)
    first: str | None = sizes["period"][shown - 1].as_py() if shown < len(sizes) else None
    return first


def _among(column: str, names: Collection[str]) -> pc.Expression:
    """Whether a column holds one of the names; typed, since there may be none."""
    return pc.field(column).isin(pa.array(names, pa.string()))


def _points(table: pa.Table, period: Period, model: Mapping[str, Any]) -> pa.Table:
    """The dated rows of a model that the page would show if there were room for all."""
    own = table.filter(
        (pc.field("model") == model["name"]) & (pc.field("label") != (model.get("negative_label") or ""))
    )
    regions = [ALL, *groups_of(own, "region").names]
    dated = rows_by(own, period, f"{period},language", f"{period},region").filter(pc.field("period") != UNDATED)
    return dated.filter(_among("region", regions))


@dataclass(frozen=True)
class ModelView:
    """The part of the tables that the page shows of one model.

    Rows of `prevalence` carry `value`, `low`, `high` of their label's measure.

    Attributes:
        labels: All labels, the one that means "none of the indicators" last.
        indicators: The labels that the charts draw: all but that one.
        measures: What is shown of each label.
        totals: One row for each label, in the order of the labels.
        over_time: All languages together by dated period, then each language; indicators only.
        over_regions: Regions by dated period; indicators only.
        undated: The row of the documents without a date.
    """

    labels: tuple[str, ...]
    indicators: tuple[str, ...]
    measures: Mapping[str, Measure]
    totals: list[Row]
    over_time: list[Row]
    over_regions: list[Row]
    undated: Row | None
    languages: Groups
    regions: Groups
    sources: Groups
    distribution: list[Row]
    pairs: list[Row]
    changes: list[Row]
    mix: list[Row]
    quality: list[Row]

    @property
    def periods(self) -> list[str]:
        """The first days of the periods that have figures or are suppressed."""
        return sorted({row["period"] for row in self.over_time})

    @property
    def adjusted(self) -> list[Row]:
        """The totals of the indicators whose prevalence is known."""
        return [row for row in self.totals if row["prevalence"] is not None and row["label"] in self.indicators]


class _Cut:
    """One model's part of the tables."""

    def __init__(self, tables: ReportTables, model: Mapping[str, Any], report: Mapping[str, Any]) -> None:
        self.tables, self.model, self.period = tables, model, report["period"]
        self.shares = self.of(tables.prevalence)
        negative = [label for label in model["labels"] if label == model.get("negative_label")]
        self.indicators = tuple(label for label in model["labels"] if label not in negative)
        self.labels = (*self.indicators, *negative)
        self.measures = measures_of(self.shares, self.labels, bool(report.get("privacy")))

    def of(self, table: pa.Table | None) -> pa.Table:
        return pa.table({}) if table is None else table.filter(pc.field("model") == self.model["name"])

    def rows(self, table: pa.Table | None) -> list[Row]:
        rows: list[Row] = self.of(table).to_pylist()
        return rows

    def totals(self) -> list[Row]:
        rows = [measured(row, self.measures) for row in rows_by(self.shares, ALL).to_pylist()]
        return sorted(rows, key=lambda row: self.labels.index(row["label"]))

    def groups(self, dimension: str) -> Groups:
        groups = groups_of(self.shares, dimension)
        rows = sorted(groups.rows, key=lambda row: (groups.names.index(row[dimension]), self._rank(row)))
        return Groups(groups.dimension, groups.names, groups.suppressed, groups.found, self.drawn(rows))

    def drawn(self, rows: list[Row]) -> list[Row]:
        return [measured(row, self.measures) for row in rows if row["label"] in self.indicators]

    def over_time(self, since: str | None, languages: Groups) -> list[Row]:
        among = {"language": languages.open}
        rows = over_time(self.shares, f"{self.period},language", since, among) if len(languages.names) > 1 else []
        rows.sort(key=lambda row: languages.names.index(row["language"]))
        return self.drawn([*over_time(self.shares, self.period, since), *rows])

    def over_regions(self, since: str | None, regions: Groups) -> list[Row]:
        rows = over_time(self.shares, f"{self.period},region", since, {"region": regions.names})
        return self.drawn(rows) if len(regions.names) > 1 else []

    def undated(self) -> Row | None:
        rows = rows_by(self.shares, self.period).filter(pc.field("period") == UNDATED).to_pylist()
        return rows[0] if rows else None

    def _rank(self, row: Row) -> int:
        return self.labels.index(row["label"])


def view_model(
    tables: ReportTables, model: Mapping[str, Any], report: Mapping[str, Any], since: str | None
) -> ModelView:
    """Cut one model's part from the report's tables.

    Args:
        tables: The report's tables.
        model: The model's entry in the manifest.
        report: What the manifest says of the report.
        since: First period that is shown over time, as ISO date; None for all.
    """
    cut = _Cut(tables, model, report)
    languages, regions, sources = (cut.groups(dimension) for dimension in ("language", "region", "source"))
    return ModelView(
        labels=cut.labels,
        indicators=cut.indicators,
        measures=cut.measures,
        totals=cut.totals(),
        over_time=cut.over_time(since, languages),
        over_regions=cut.over_regions(since, regions),
        undated=cut.undated(),
        languages=languages,
        regions=regions,
        sources=sources,
        distribution=cut.rows(tables.distribution),
        pairs=cut.rows(tables.cooccurrence),
        changes=cut.rows(tables.change),
        mix=cut.rows(tables.mix),
        quality=cut.rows(tables.quality),
    )

"""What the page shows of one model, cut from the report's tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import compute as pc

from mh_batch.reporting.groupings import ALL, UNDATED
from mh_batch.reporting.page.cuts import Groups, groups_of, over_time, rows_by
from mh_batch.reporting.page.measures import Measure, Row, measured, measures_of
from mh_batch.reporting.tables import ReportTables


@dataclass(frozen=True)
class ModelView:
    """What the page shows of one model. Rows of `prevalence` carry `value`, `low`, `high` of their label's measure.

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

"""The groups that the page has room for; the tables beside it hold all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa
from pyarrow import compute as pc

from mh_batch.reporting.groupings import ALL, UNDATED
from mh_batch.reporting.page.measures import Row
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
    """Return the first period, as ISO date, from which on all points fit into the page; None if all do."""
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

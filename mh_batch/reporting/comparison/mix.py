"""The table `mix`: composition of the corpus by language and source, compared with another run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from mh_batch.common.filesystem import Folder
from mh_batch.reporting.comparison.differences import index_by_chance, stability_index
from mh_batch.reporting.counting.counted_models import CountedModel
from mh_batch.reporting.groupings import ALL
from mh_batch.reporting.report_tables import read_table

OTHER = "other"

_DIMENSIONS = ("language", "source")


@dataclass(frozen=True)
class Composition:
    """Composition of a corpus, as a report shows it.

    Attributes:
        size: Authors, which are what the corpus sampled; documents where it names none.
        documents: Documents by dimension and value; `other` holds those of values that are not shown.
    """

    size: int
    documents: Mapping[str, Mapping[str, int]]


def mix_rows(model: str, now: Composition, before: Composition) -> list[dict[str, Any]]:
    """Compare two compositions, but for what can only be said of all comparisons together.

    Args:
        model: The model's name.
        now: Composition of the run.
        before: Composition of the run that it is compared with.
    """
    if not now.size or not before.size:  # one of the reports shows nothing
        return []
    both = [dimension for dimension in now.documents if dimension in before.documents]
    return [{"model": model, **row} for dimension in both for row in _compare(dimension, now, before)]


def _compare(dimension: str, now: Composition, before: Composition) -> Iterator[dict[str, Any]]:
    sides = [side.documents[dimension] for side in (now, before)]
    # A value that only one of the reports shows is among the others in both.
    shown = [value for value in sides[0] if value in sides[1] and value != OTHER]
    counts = [[*[side[v] for v in shown], sum(n for v, n in side.items() if v not in shown)] for side in sides]
    totals = [sum(side) for side in counts]
    if not all(totals):
        return
    index = stability_index(*counts)
    p_value = index_by_chance(index, len(shown) + 1, now.size, before.size)
    for value, count, count_before in zip([*shown, OTHER], *counts, strict=True):
        if count or count_before:
            yield {
                "dimension": dimension,
                "value": value,
                "share": count / totals[0],
                "share_before": count_before / totals[1],
                "psi": index,
                "p_value": p_value,
            }


def shown_composition(model: CountedModel) -> Composition:
    """Return what the report shows of a model's documents by language and source."""
    groups, total = model.counts.groups, model.total.iloc[0]
    rows = groups[groups["by"].isin(_DIMENSIONS)]
    named = [
        (by, values[by], None if values["suppressed"] else int(values["documents"]))
        for by, values in zip(rows["by"], rows.to_dict("records"), strict=True)
    ]
    return _composed(named, int(total["documents"]), int(total["authors"] + total["unattributed"]))


def published_composition(previous: Folder, model: str) -> Composition:
    """Return what another report says of its composition; nothing where it is of a version that said nothing."""
    if not (previous / "report" / "quality.parquet").exists():
        return Composition(0, {})
    own = pc.field("model") == model
    quality = read_table(previous / "report", "quality").filter(own).to_pylist()
    total = read_table(previous / "report", "prevalence").filter(own & (pc.field("by") == ALL)).to_pylist()
    size = max((row["authors"] or row["documents"] or 0 for row in total), default=0)
    named = [(row["aspect"], row["value"], row["documents"]) for row in quality if row["aspect"] in _DIMENSIONS]
    return _composed(named, sum(row["documents"] for row in quality if row["aspect"] == "scored"), size)


def _composed(named: Sequence[tuple[str, str, int | None]], documents: int, size: int) -> Composition:
    shares: dict[str, dict[str, int]] = {}
    for dimension, value, count in named:
        shown = shares.setdefault(dimension, {})
        if count is not None:
            shown[value] = count
    for shown in shares.values():
        shown[OTHER] = max(0, documents - sum(shown.values()))
    return Composition(size, shares)

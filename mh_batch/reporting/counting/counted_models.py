"""The models of a run with what their scores come to, and which of their groups may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.reporting.counting.aggregates import Counts, count_scores, known_dimensions
from mh_batch.reporting.disclosure.suppression import suppress
from mh_batch.reporting.groupings import ALL, KEYS, crossings, known_crossings, name_of
from mh_batch.settings import ReportOptions


@dataclass(frozen=True)
class CountedModel:
    """One model's part of a run.

    Attributes:
        entry: What the manifest says of the model.
        scores: Its scores, under the contract `scores`.
        counts: What they come to; the groups with `by` and `suppressed`, by the contract `prevalence`, as well.
    """

    entry: Mapping[str, Any]
    scores: DataFrame
    counts: Counts

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.entry["name"])

    @property
    def labels(self) -> list[str]:
        """The model's labels."""
        return list(self.entry["labels"])

    @property
    def total(self) -> pd.DataFrame:
        """The group of all documents; without a row if there are none."""
        groups = self.counts.groups
        return groups[groups["by"] == ALL]


def count_models(
    spark: SparkSession, run: Folder, entries: Sequence[Mapping[str, Any]], options: ReportOptions
) -> list[CountedModel]:
    """Count the scores of each model of a run, and decide which groups are too small to be shown.

    Args:
        spark: The session that counts.
        run: Folder of the run.
        entries: What the manifest says of its models.
        options: The report's options.
    """
    models = [_count(read_scores(spark, run, entry), entry, options) for entry in entries]
    groups = [model.counts.groups for model in models]
    hidden = iter(suppress(_cells(models), options.min_authors))
    for own in groups:
        own["suppressed"] = pd.Series([next(hidden) for _ in range(len(own))], index=own.index, dtype=object)
    return models


def author_unit(models: Sequence[CountedModel]) -> str:
    """Return what the minimum of authors is applied to: `documents` where the corpus names no authors."""
    return "authors" if any(model.total["authors"].sum() for model in models) else "documents"


def read_scores(spark: SparkSession, run: Folder, entry: Mapping[str, Any]) -> DataFrame:
    """Open a model's scores; an empty table where it scored nothing.

    Args:
        spark: The session that reads.
        run: Folder of the run.
        entry: What its manifest says of the model.
    """
    schema = load_contract("scores").for_labels(tuple(entry["labels"])).spark_schema()
    folder = run / "scores" / f"model={entry['name']}"
    if not folder.exists():
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(folder.spark_pattern)


def _count(scores: DataFrame, entry: Mapping[str, Any], options: ReportOptions) -> CountedModel:
    wanted = known_crossings(crossings(options.group_by, options.period), known_dimensions(scores))
    counts = count_scores(scores, entry["labels"], options.period, wanted)
    names = [name_of(crossing, options.period) for crossing in wanted]
    counts.groups["by"] = [names[index] for index in counts.groups["crossing"]]
    counts.groups["unattributed"] = counts.groups["clusters"] - counts.groups["authors"]
    return CountedModel(entry, scores, counts)


def _cells(models: Sequence[CountedModel]) -> pa.Table:
    unit = author_unit(models)
    parts = []
    for model in models:
        groups = model.counts.groups
        languages = sorted(groups.loc[groups["by"] == "language", "language"])
        part = groups[[*KEYS]].assign(scope=",".join(languages), authors=groups[unit])
        parts.append(pa.Table.from_pandas(part, schema=_CELLS, preserve_index=False))
    return pa.concat_tables([_CELLS.empty_table(), *parts])


_CELLS = pa.schema([*[(name, pa.string()) for name in ("scope", *KEYS)], ("authors", pa.int64())])

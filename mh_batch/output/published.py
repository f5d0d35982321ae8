"""Published runs, as Spark or pandas tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.errors import UsageError
from mh_batch.output.layout import MANIFEST, OutputRoot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class PublishedRun:
    """A whole, valid run, as `open_run` and `score_corpus` return it.

    Attributes:
        folder: Where it lies.
        spark: Session that the Spark tables are read with; None where only pandas tables are wanted.

    Example:
        >>> run = open_run("results")
        >>> run.models
        ['xlmr-depression-mini']
        >>> run.manifest["counts"]["read"]
        3
        >>> sorted(run.scores_pandas()["doc_id"])
        ['1', '2', '3']
        >>> run.rejected_pandas().empty
        True
        >>> run.prevalence()["suppressed"].unique().tolist()
        ['small']
    """

    folder: Folder
    spark: SparkSession | None = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.folder.name

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        manifest: dict[str, Any] = (self.folder / MANIFEST).read_json()
        return manifest

    @property
    def models(self) -> list[str]:
        """Names of the run's models."""
        return [model["name"] for model in self.manifest["models"]]

    @property
    def report_page(self) -> Folder:
        """The report for people."""
        return self.folder / "report" / "index.html"

    def scores(self, model: str | None = None) -> DataFrame:
        """Return a model's scores as a Spark table, under the contract `scores`.

        Args:
            model: Name of the model; may be left out where there is only one.

        Raises:
            UsageError: the run has no such model, or several and none is named; or it was opened without a session.
        """
        return self._spark_table(self._scores_folder(model))

    def rejected(self) -> DataFrame:
        """Return what was not scored as a Spark table, under the contract `rejected`.

        Raises:
            UsageError: the run was opened without a session.
        """
        return self._spark_table(self.folder / "rejected")

    def scores_pandas(self, model: str | None = None) -> pd.DataFrame:
        """Return a model's scores as a pandas table, read without Spark.

        Args:
            model: Name of the model; may be left out where there is only one.

        Raises:
            UsageError: the run has no such model, or several and none is named.
        """
        return _pandas(self._scores_folder(model))

    def rejected_pandas(self) -> pd.DataFrame:
        """Return what was not scored as a pandas table, read without Spark."""
        return _pandas(self.folder / "rejected")

    def scores_dataset(self, model: str | None = None) -> ds.Dataset:
        """Open a model's scores as an Arrow dataset: read in pieces, without Spark, they need not fit into memory.

        Args:
            model: Name of the model; may be left out where there is only one.

        Raises:
            UsageError: the run has no such model, or several and none is named.
        """
        return _dataset(self._scores_folder(model))

    def rejected_dataset(self) -> ds.Dataset:
        """Open what was not scored as an Arrow dataset, read in pieces as well."""
        return _dataset(self.folder / "rejected")

    def prevalence(self) -> pd.DataFrame:
        """Return the report's main table: shares and prevalence by group, under the contract `prevalence`."""
        return self._report("prevalence")

    def distribution(self) -> pd.DataFrame:
        """Return the histograms of the scores, under the contract `distribution`."""
        return self._report("distribution")

    def cooccurrence(self) -> pd.DataFrame:
        """Return which labels are given together, under the contract `cooccurrence`."""
        return self._report("cooccurrence")

    def quality(self) -> pd.DataFrame:
        """Return what the figures rest on, under the contract `quality`."""
        return self._report("quality")

    def change(self) -> pd.DataFrame | None:
        """Return what changed since the run compared with, under the contract `change`; None if there was none."""
        return self._report("change") if (self.folder / "report" / "change.parquet").exists() else None

    def mix(self) -> pd.DataFrame | None:
        """Return how the composition changed since the run compared with, under the contract `mix`; None as above."""
        return self._report("mix") if (self.folder / "report" / "mix.parquet").exists() else None

    def _report(self, table: str) -> pd.DataFrame:
        return _pandas(self.folder / "report" / f"{table}.parquet")

    def _scores_folder(self, model: str | None) -> Folder:
        models = self.models
        if model is None and len(models) == 1:
            model = models[0]
        if model is None or model not in models:
            raise UsageError(f"run {self.run_id} has scores of {', '.join(models)}: name one of them")
        return self.folder / "scores" / f"model={model}"

    def _spark_table(self, folder: Folder) -> DataFrame:
        if self.spark is None:
            raise UsageError("this run was opened without a Spark session: open_run(output, run, spark=spark)")
        return self.spark.read.parquet(folder.spark_pattern)


def open_run(output: str, run: str = "latest", spark: SparkSession | None = None) -> PublishedRun:
    """Open a published run.

    Args:
        output: Output root.
        run: Run id, or "latest".
        spark: Session for the Spark tables; not needed for the pandas ones.

    Returns:
        The run; its tables are read when they are asked for.

    Raises:
        RunNotFoundError: there is no such published run.

    Example:
        >>> open_run("results").scores_pandas().columns[:3].tolist()
        ['doc_id', 'author_key', 'created_at']
        >>> open_run("results", spark=spark).scores().count()
        3
    """
    root = OutputRoot.at(output)
    return PublishedRun(root.run(root.resolve(run)), spark)


def _dataset(folder: Folder) -> ds.Dataset:
    file_system, path = file_system_of(folder.uri)
    return ds.dataset(path, filesystem=file_system, format="parquet")


def _pandas(folder: Folder) -> pd.DataFrame:
    file_system, path = file_system_of(folder.uri)
    # Partitioning is switched off: `model=...` in the path is no column of the table.
    table = pq.read_table(path, filesystem=file_system, partitioning=None)
    frame: pd.DataFrame = table.to_pandas()
    return frame

"""A published run's tables as one stream of Arrow batches each, with the run and the model as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from mh_batch.contracts import load_contract
from mh_batch.models.inspection import as_labels
from mh_batch.output import PublishedRun

TableName = Literal["scores", "rejected"]

RUN, MODEL, PROBABILITY = "run_id", "model", "p_"

# Some ten MB.
_ROWS_PER_BATCH = 2**15


@dataclass(frozen=True)
class Part:
    """Rows that lie together in a run.

    Attributes:
        rows: The files that hold them.
        renamed: By the name that a column is given, the name that it has there.
        constant: Columns that have one value in all of the rows, and are in no file.
    """

    rows: ds.Dataset
    renamed: Mapping[str, str]
    constant: Mapping[str, str]

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield the rows under a schema; columns that the files lack are null."""
        for path in self.rows.files:
            # Not by the dataset's scanner: whatever its options, it reads far ahead of who writes.
            with pq.ParquetFile(path, filesystem=self.rows.filesystem, pre_buffer=False) as file:
                for batch in file.iter_batches(_ROWS_PER_BATCH, use_threads=False):
                    yield pa.RecordBatch.from_arrays([self._column(batch, field) for field in schema], schema=schema)

    def _column(self, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
        if field.name in self.constant:
            return pa.repeat(pa.scalar(self.constant[field.name], field.type), len(batch))
        name = self.renamed.get(field.name, field.name)
        if name not in batch.schema.names:
            return pa.nulls(len(batch), field.type)
        return batch.column(name).cast(field.type)


@dataclass(frozen=True)
class RunTable:
    """A table of a run, of all of its models.

    Attributes:
        schema: Its columns.
        parts: Its rows, which may be read more than once.
    """

    schema: pa.Schema
    parts: tuple[Part, ...]

    @cached_property
    def rows(self) -> int:
        """The number of its rows, by the files' footers."""
        return sum(part.rows.count_rows() for part in self.parts)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, from one file after the other."""
        for part in self.parts:
            yield from part.batches(self.schema)


def base_schema(table: TableName) -> pa.Schema:
    """Return the columns that a published table has whatever the models are: all but the labels' probabilities."""
    fields = list(load_contract(table).for_labels(()).arrow_schema())
    added = [RUN, MODEL] if table == "scores" else [RUN]
    return pa.schema([*fields, *(pa.field(name, pa.string(), nullable=False) for name in added)])


def scores_of(run: PublishedRun) -> RunTable:
    """Return a run's scores: one row for each document and model, null in the columns of other models' labels."""
    parts = [_part(run, model["name"], model["labels"]) for model in run.manifest["models"]]
    labels = dict.fromkeys(name for part in parts for name in part.renamed)
    probabilities = [pa.field(name, pa.float64()) for name in labels]
    return RunTable(pa.schema([*base_schema("scores"), *probabilities]), tuple(parts))


def rejected_of(run: PublishedRun) -> RunTable:
    """Return what a run did not score."""
    return RunTable(base_schema("rejected"), (Part(run.rejected_dataset(), {}, {RUN: run.run_id}),))


def _part(run: PublishedRun, model: str, labels: list[str]) -> Part:
    # Engines of SQL take `p_Sad` and `p_sad` for one column: in a table of many models they are one.
    pairs = zip(as_labels(labels), labels, strict=True)
    renamed = {f"{PROBABILITY}{plain}": f"{PROBABILITY}{label}" for plain, label in pairs}
    return Part(run.scores_dataset(model), renamed, {RUN: run.run_id, MODEL: model})

"""The tables of an output root that hold rows of persons, and what they hold of authors and documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder
from mh_batch.output import each_file, own_files, row_groups
from mh_batch.privacy.erasure.subject_filter import SubjectFilter, listed_documents, lists_of_documents
from mh_batch.pseudonyms import PseudonymKey, hasher

# Rows of the store are known by text; what is in work is deleted; reports are written again.
_RUNS = ("runs", "failed")
_WITH_PERSONS = (*_RUNS, "outbox")


@dataclass(frozen=True)
class TableFile:
    """A Parquet file with rows of persons.

    Attributes:
        file: The file.
        run: Folder of its run within the root, such as `runs/<run id>`; "" where it belongs to no run.
        table: `scores`, `rejected`, or what other folder it lies in.
        model: Name of the model whose scores they are; None where they are no scores.
    """

    file: Folder
    run: str
    table: str
    model: str | None


def run_folders(root: Folder) -> list[Folder]:
    """Return the folders of all runs, failed ones included."""
    return [root / kind / run for kind in _RUNS for run in (root / kind).names()]


def table_files(root: Folder) -> list[TableFile]:
    """Return the files of all tables with rows of persons: of runs and the outbox."""
    files = [_table_file(root, file) for file in own_files(root, ".parquet")]
    return [file for file in files if file is not None]


def _table_file(root: Folder, file: Folder) -> TableFile | None:
    parts = file.uri[len(root.uri.rstrip("/")) + 1 :].split("/")
    if parts[0] not in _WITH_PERSONS:
        return None
    if parts[0] not in _RUNS or len(parts) < 4:
        return TableFile(file, "", parts[0], None)
    model = parts[3].removeprefix("model=") if parts[2] == "scores" else None
    return None if parts[2] == "report" else TableFile(file, "/".join(parts[:2]), parts[2], model)


_COLUMNS = ("author_key", "doc_id", "content_key", "model")


@dataclass(frozen=True)
class Loss:
    """The loss of a run.

    Attributes:
        documents: Rows of its inputs.
        authors: Of those whom the erasure names, as many as it had documents of.
    """

    documents: int
    authors: int


@dataclass(frozen=True)
class Found:
    """The content of tables about authors and documents.

    Attributes:
        documents: Their ids.
        texts: Their content keys, which documents of others may have too.
        losses: What each run loses without them, by its folder within the root.
    """

    documents: frozenset[str] = field(repr=False)
    texts: frozenset[str] = field(repr=False)
    losses: Mapping[str, Loss]


def documents_of(files: Iterable[TableFile], authors: frozenset[str]) -> frozenset[str]:
    """Return the ids of the documents whose rows hold one of the authors' pseudonyms."""
    rows = _rows(files, SubjectFilter(authors))
    return frozenset(rows["doc_id"].dropna())


def documents_with(files: Iterable[TableFile], hashes: Collection[str], key: PseudonymKey) -> frozenset[str]:
    """Return the ids of the documents, lists of evidence included, that have one of the hashes.

    Args:
        files: The tables.
        hashes: Hashes of documents, of which no identifier is known.
        key: The secret behind the hashes.
    """
    digest = hasher(key, "erased document")
    found: set[str] = set()

    def look(file: TableFile, opened: pq.ParquetFile) -> None:
        lists = lists_of_documents(opened.schema_arrow)
        columns = [*lists, *({"doc_id"} & {*opened.schema_arrow.names})]
        for rows in row_groups(opened, columns) if columns else ():
            for name in columns:
                ids = listed_documents(rows[name]) if name in lists else rows[name]
                found.update(id for id in pc.unique(ids).drop_null().to_pylist() if digest(id.encode()) in hashes)

    _look_at(files, look)
    return frozenset(found)


def find(files: Iterable[TableFile], subject_filter: SubjectFilter) -> Found:
    """Look for the rows of authors and documents."""
    rows = _rows(files, subject_filter)
    of_runs = {str(run): _loss(of_run) for run, of_run in rows[rows["run"] != ""].groupby("run")}
    return Found(frozenset(rows["doc_id"].dropna()), frozenset(rows["content_key"].dropna()), of_runs)


def texts_left(files: Iterable[TableFile], texts: frozenset[str]) -> frozenset[str]:
    """Return those of the content keys that tables hold."""
    wanted, found = pa.array(sorted(texts), pa.string()), set[str]()

    def look(file: TableFile, opened: pq.ParquetFile) -> None:
        if "content_key" in opened.schema_arrow.names:
            for rows in row_groups(opened, ["content_key"]):
                keys = rows["content_key"]
                found.update(keys.filter(pc.is_in(keys, value_set=wanted)).to_pylist())

    _look_at(files, look)
    return frozenset(found)


def _loss(rows: pd.DataFrame) -> Loss:
    of_all = (rows["table"] == "rejected") & rows["model"].isna()
    # A document that was asked of models has a row in the scores or the rejected of each.
    per_model = rows[~of_all].groupby("model").size()
    return Loss(int(of_all.sum() + per_model.max()) if len(per_model) else int(of_all.sum()), rows["author"].nunique())


def _rows(files: Iterable[TableFile], subject_filter: SubjectFilter) -> pd.DataFrame:
    """Their rows: `run`, `table`, and the columns that tables have of `_COLUMNS`; `author` is one of those named."""
    parts: list[pd.DataFrame] = []

    def look(file: TableFile, opened: pq.ParquetFile) -> None:
        columns = [name for name in _COLUMNS if name in opened.schema_arrow.names]
        if subject_filter.columns(opened.schema_arrow):
            for rows in row_groups(opened, columns):
                found: pa.Table = rows.filter(subject_filter.matches(rows))
                if len(found):
                    named = {"run": file.run, "table": file.table, **({"model": file.model} if file.model else {})}
                    parts.append(found.to_pandas().assign(**named))

    _look_at(files, look)
    table = pd.concat([pd.DataFrame(columns=["run", "table", *_COLUMNS]), *parts])
    return table.assign(author=table["author_key"].where(table["author_key"].isin(list(subject_filter.authors))))


def _look_at(files: Iterable[TableFile], look: Callable[[TableFile, pq.ParquetFile], None]) -> None:
    tables = {table.file: table for table in files}
    each_file(tables, lambda file, opened: look(tables[file], opened))

"""Which tables of an output root hold rows of persons, and of which run."""

from __future__ import annotations

from dataclasses import dataclass

from mh_batch.common.filesystem import Folder
from mh_batch.output.layout import own_files

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

"""Looks at the files of a corpus before any is read: what columns each has, how many rows, which are damaged."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.storage import file_system_of

DAMAGED = "it is damaged or no Parquet file"
VANISHED = "it vanished"

# What Hive and Spark write in a folder's name for a missing value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

# Footers lie at the end of files that may be far away: the time goes into waiting.
_SIDE_BY_SIDE = 32


@dataclass(frozen=True)
class SoundFile:
    """A file whose footer can be read.

    Attributes:
        uri: Its name, as Spark says it.
        rows: How many it holds.
        schema: Its columns.
    """

    uri: str
    rows: int
    schema: pa.Schema

    @property
    def folders(self) -> Mapping[str, str | None]:
        """What the folders above it say of its rows: `region=North/` gives them a region."""
        parts = [part.partition("=") for part in self.uri.split("/")[:-1] if "=" in part]
        # Hive and Spark encode a value for the folder's name, and the name is encoded for the URI.
        values = {unquote(name): unquote(unquote(value)) for name, _, value in parts}
        return {name: None if value == _NO_VALUE else value for name, value in values.items()}

    def types(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """The types of those of `names` that the file or its folders have."""
        own = {name: str(self.schema.field(name).type) for name in self.schema.names}
        types = dict.fromkeys(self.folders, "folder") | own
        return tuple((name, types[name]) for name in names if name in types)


@dataclass(frozen=True)
class BadFile:
    """A file that cannot be used, and why."""

    uri: str
    cause: str

    def __str__(self) -> str:
        """For a message."""
        return f"{unquote(self.uri).removeprefix('file:')}: {self.cause}"


def survey(files: Sequence[str]) -> list[SoundFile | BadFile]:
    """Read the files' footers, in the order given."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return list(pool.map(_look_at, files))


def _look_at(uri: str) -> SoundFile | BadFile:
    file_system, path = file_system_of(uri)
    try:
        with pq.ParquetFile(path, filesystem=file_system) as file:
            return SoundFile(uri, file.metadata.num_rows, file.schema_arrow)
    except FileNotFoundError:
        return BadFile(uri, VANISHED)
    except (pa.ArrowException, OSError):
        return BadFile(uri, DAMAGED)

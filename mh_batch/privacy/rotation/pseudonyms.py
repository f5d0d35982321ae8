"""Takes the pseudonyms in tables from one key to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.pseudonyms import PseudonymKey, Purpose, link_hasher

_STAMP = b"mh_batch.pseudonym_key"
_COLUMNS: Mapping[str, Purpose] = {"author_key": "author", "content_key": "content", "recipient": "recipient"}
_MARKS: Mapping[str, Purpose] = {"author": "erased author", "document": "erased document"}


@dataclass(frozen=True)
class NextLink:
    """Hashes pseudonyms under the newest key of a chain. Files say that it was done, so that it is done once.

    Attributes:
        key: The chain.
    """

    key: PseudonymKey

    @property
    def stamp(self) -> dict[bytes, bytes]:
        """The chain that the pseudonyms are of."""
        return {_STAMP: self.key.check.encode()}

    def concerns(self, file: pq.ParquetFile) -> bool:
        """Whether a file has pseudonyms of the chain before."""
        done = (file.schema_arrow.metadata or {}).get(_STAMP) == self.key.check.encode()
        return not done and any(name in file.schema_arrow.names for name in (*_COLUMNS, "mark"))

    def apply(self, rows: pa.Table) -> pa.Table:
        """Return the rows with new pseudonyms."""
        names = rows.column_names
        changed = {name: self._column(rows[name], purpose) for name, purpose in _COLUMNS.items() if name in names}
        if "mark" in names:
            changed["mark"] = self._marks(rows)
        for name, values in changed.items():
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)
        return rows

    def _column(self, values: pa.ChunkedArray, purpose: Purpose) -> pa.ChunkedArray:
        encoded = values.combine_chunks().dictionary_encode()
        new = [self._digests[purpose](old.encode()) for old in encoded.dictionary.to_pylist()]
        return pa.chunked_array([pa.array(new, pa.string()).take(encoded.indices)])

    def _marks(self, rows: pa.Table) -> pa.ChunkedArray:
        pairs = zip(rows["subject"].to_pylist(), rows["mark"].to_pylist(), strict=True)
        new = [self._digests[_MARKS[subject]](mark.encode()) for subject, mark in pairs]
        return pa.chunked_array([pa.array(new, pa.string())])

    @cached_property
    def _digests(self) -> dict[Purpose, Callable[[bytes], str]]:
        newest = self.key.links[-1]
        return {purpose: link_hasher(newest, purpose) for purpose in (*_COLUMNS.values(), *_MARKS.values())}

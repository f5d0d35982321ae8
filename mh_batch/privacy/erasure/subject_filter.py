"""By what the rows of persons and documents are known in an output root's tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mh_batch.output import row_groups
from mh_batch.privacy.erasure.identifier_search import IdentifierSearch

# A detail that names a file, and what follows it; rules of consent among that must stay as they are.
_NAMING_FILE = r"(?s)^(.*)(, row [0-9]+(?:;.*)?)$"


@dataclass(frozen=True)
class SubjectFilter:
    """Values that rows of those to be erased hold. A row is theirs if it holds one of them.

    Attributes:
        authors: Pseudonyms, of the column `author_key`.
        documents: Plain identifiers, of the column `doc_id`.
    """

    authors: frozenset[str] = frozenset()
    documents: frozenset[str] = field(default=frozenset(), repr=False)

    def columns(self, schema: pa.Schema) -> list[str]:
        """The columns of a table that say whose a row is."""
        return [name for name in self._values if name in schema.names]

    def matches(self, rows: pa.Table) -> pa.ChunkedArray:
        """Tell which rows are theirs."""
        nobody = pa.chunked_array([np.zeros(len(rows), bool)])
        found = [pc.is_in(rows[name], value_set=self._values[name]) for name in self.columns(rows.schema)]
        return reduce(pc.or_, found, nobody)

    def listed(self, lists: pa.ChunkedArray) -> bool:
        """Whether lists of documents name one of theirs."""
        return bool(pc.any(pc.is_in(listed_documents(lists), value_set=self._values["doc_id"])).as_py())

    @cached_property
    def _values(self) -> dict[str, pa.Array]:
        return {
            "author_key": pa.array(sorted(self.authors), pa.string()),
            "doc_id": pa.array(sorted(self.documents), pa.string()),
        }


def lists_of_documents(schema: pa.Schema) -> list[str]:
    """The columns that list documents, such as the evidence for an action: arrays of structures with a `doc_id`."""
    return [field.name for field in schema if _lists_documents(field.type)]


def listed_documents(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    """The ids in a column that lists documents."""
    return pc.struct_field(pc.list_flatten(lists), "doc_id")


def _lists_documents(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind)
        and pa.types.is_struct(kind.value_type)
        and kind.value_type.get_field_index("doc_id") >= 0
    )


@dataclass(frozen=True)
class Removal:
    """Takes rows out of tables; and documents out of the lists, and words out of the details, of rows that stay."""

    subject_filter: SubjectFilter
    search: IdentifierSearch

    @property
    def stamp(self) -> dict[bytes, bytes]:
        """Files say nothing of it."""
        return {}

    def concerns(self, file: pq.ParquetFile) -> bool:
        """Whether a file holds anything of theirs."""
        schema = file.schema_arrow
        columns = {*self.subject_filter.columns(schema), *lists_of_documents(schema), *_details(schema)}
        return bool(columns) and any(map(self._is_in, row_groups(file, sorted(columns))))

    def _is_in(self, rows: pa.Table) -> bool:
        return bool(
            pc.any(self.subject_filter.matches(rows)).as_py()
            or any(self.subject_filter.listed(rows[name]) for name in lists_of_documents(rows.schema))
            or any(map(self._names_somebody, (rows[name] for name in _details(rows.schema))))
        )

    def apply(self, rows: pa.Table) -> pa.Table:
        """Return the rows of others."""
        left = rows.filter(pc.invert(self.subject_filter.matches(rows)))
        cleaning: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(lists_of_documents(left.schema), self._without),
            **dict.fromkeys(_details(left.schema), self._without_names),
        }
        for name, clean in cleaning.items():
            position, field = left.schema.get_field_index(name), left.schema.field(name)
            values = [clean(value) for value in left[name].to_pylist()]
            left = left.set_column(position, field, pa.chunked_array([pa.array(values, field.type)]))
        return left

    def _without(self, entries: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
        return entries and [entry for entry in entries if entry["doc_id"] not in self.subject_filter.documents]

    def _names_somebody(self, details: pa.ChunkedArray) -> bool:
        files = pc.unique(pc.replace_substring_regex(details, _NAMING_FILE, r"\1"))
        return any(map(self.search.named_in, files.drop_null().to_pylist()))

    def _without_names(self, detail: str | None) -> str | None:
        named = re.fullmatch(_NAMING_FILE, detail or "")
        file, after = named.groups() if named else (detail, "")
        return detail and f"{self.search.without(file)}{after}"


def _details(schema: pa.Schema) -> list[str]:
    """The columns where the name of an input file may stand, which may be a person's."""
    return [name for name in ("detail",) if name in schema.names and pa.types.is_string(schema.field(name).type)]

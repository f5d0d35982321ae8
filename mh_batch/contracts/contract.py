"""Contracts of the tables, as `schemas/` defines their columns and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import yaml

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructType

LABEL_PLACEHOLDER = "{label}"

_ARROW_TYPES = {
    "string": pa.string(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "long": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class Column:
    """One column of a table: name, type and what must hold of its values."""

    name: str
    type: str
    description: str
    nullable: bool = True
    optional: bool = False
    unique: bool = False
    per_label: bool = False
    one_of_labels: bool = False
    between: tuple[float, float] | None = None
    at_least: float | None = None

    @classmethod
    def from_yaml(cls, entry: dict[str, Any]) -> Column:
        """Build a column from its YAML entry."""
        between = entry.get("between")
        return cls(**{**entry, "between": tuple(between) if between else None})

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type that the type's name stands for."""
        return _arrow_type(self.type)

    @property
    def spark_type(self) -> DataType:
        """The Spark type that the type's name stands for (needs pyspark)."""
        from pyspark.sql.pandas.types import from_arrow_type

        return from_arrow_type(self.arrow_type)


@dataclass(frozen=True)
class Contract:
    """The contract of a table: its columns in order, each with type and checks."""

    table: str
    description: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    def for_labels(self, labels: tuple[str, ...]) -> Contract:
        """Return the contract with each per-label column written out once for each label."""
        columns: list[Column] = []
        for column in self.columns:
            names = [column.name.replace(LABEL_PLACEHOLDER, label) for label in labels]
            columns += [replace(column, name=name) for name in names] if column.per_label else [column]
        return replace(self, columns=tuple(columns))

    def arrow_schema(self) -> pa.Schema:
        """The table's Arrow schema."""
        return pa.schema([pa.field(c.name, c.arrow_type, nullable=c.nullable) for c in self.columns])

    def spark_schema(self) -> StructType:
        """The table's Spark schema (needs pyspark)."""
        from pyspark.sql.types import StructField, StructType

        return StructType([StructField(c.name, c.spark_type, c.nullable) for c in self.columns])


def _arrow_type(name: str) -> pa.DataType:
    if name.startswith("array<"):
        return pa.list_(_arrow_type(name.removeprefix("array<").removesuffix(">")))
    if name.startswith("struct<"):
        fields = [field.partition(":") for field in name.removeprefix("struct<").removesuffix(">").split(",")]
        return pa.struct([(field, _arrow_type(kind)) for field, _, kind in fields])
    return _ARROW_TYPES[name]


@cache
def load_contract(table: str) -> Contract:
    """Load the contract of `table` from `schemas/`."""
    content = yaml.safe_load((schemas_folder() / f"{table}.yaml").read_text(encoding="utf-8"))
    columns = tuple(Column.from_yaml(entry) for entry in content["columns"])
    return Contract(content["table"], content["description"], columns)


def schemas_folder() -> Traversable:
    """Return the folder of the contracts: inside the installed package, or at the top of a checkout."""
    installed = files("mh_batch") / "schemas"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "schemas"

"""Contracts as Great Expectations suites, and tables checked against them.

What fails is named by the expectation and a count, never by a value.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Great Expectations reads this when it is imported: nothing is to be reported to its makers.
os.environ["GX_ANALYTICS_ENABLED"] = "False"

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import Expectation
from pyspark.sql import DataFrame

from mh_batch.contracts import Column, Contract, load_contract
from mh_batch.models import ModelCard

_VALUES_STAY_HIDDEN = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}

# Probabilities are sums of doubles; a model's softmax leaves far less than this.
_SOFTMAX_TOLERANCE = 1e-3

Expectations = list[Expectation]


def scores_suite(card: ModelCard, expected_rows: int) -> Expectations:
    """Return what must hold of a model's scores table.

    Args:
        card: The model's card; its labels name the columns.
        expected_rows: Documents that were to be scored.
    """
    contract = load_contract("scores").for_labels(card.labels)
    suite = [*_contract_suite(contract, card.labels), gxe.ExpectTableRowCountToEqual(value=expected_rows)]
    suite.append(_no_rows("labels are those of the card", _foreign_labels(card.labels)))
    if card.task == "single_label":
        suite.append(_no_rows("probabilities sum to one", _sums_off_one(card.labels)))
    return suite


def rejected_suite(reasons: tuple[str, ...]) -> Expectations:
    """Return what must hold of the table of rejected documents: its contract and its reasons."""
    return [
        *_contract_suite(load_contract("rejected"), ()),
        gxe.ExpectColumnValuesToBeInSet(column="reason", value_set=list(reasons)),
    ]


def _contract_suite(contract: Contract, labels: tuple[str, ...]) -> Iterator[Expectation]:
    yield gxe.ExpectTableColumnsToMatchOrderedList(column_list=contract.names)
    for column in contract.columns:
        yield from _column_suite(column, labels)


def _column_suite(column: Column, labels: tuple[str, ...]) -> Iterator[Expectation]:
    yield gxe.ExpectColumnValuesToBeOfType(column=column.name, type_=type(column.spark_type).__name__)
    if not column.nullable:
        yield gxe.ExpectColumnValuesToNotBeNull(column=column.name)
    if column.unique:
        yield gxe.ExpectColumnValuesToBeUnique(column=column.name)
    if column.between is not None:
        yield gxe.ExpectColumnValuesToBeBetween(
            column=column.name, min_value=column.between[0], max_value=column.between[1]
        )
    if column.at_least is not None:
        yield gxe.ExpectColumnValuesToBeBetween(column=column.name, min_value=column.at_least)
    if column.one_of_labels:
        yield gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(labels))


def _no_rows(description: str, query: str) -> Expectation:
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, description=description)


def _foreign_labels(labels: tuple[str, ...]) -> str:
    known = ", ".join(f"'{label}'" for label in labels)
    return f"SELECT * FROM {{batch}} WHERE exists(labels, label -> label NOT IN ({known}))"


def _sums_off_one(labels: tuple[str, ...]) -> str:
    total = " + ".join(f"`p_{label}`" for label in labels)
    return f"SELECT * FROM {{batch}} WHERE abs({total} - 1) > {_SOFTMAX_TOLERANCE}"


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation that a table does not meet."""

    table: str
    expectation: str
    column: str | None
    unexpected: int | None

    def __str__(self) -> str:
        """One line for people."""
        where = f"{self.table}.{self.column}" if self.column else self.table
        count = "" if self.unexpected is None else f": {self.unexpected:,} unexpected"
        return f"{where}: {self.expectation}{count}"

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


class Checker:
    """Checks tables against suites, and counts what it checked."""

    def __init__(self) -> None:
        """Set up Great Expectations in memory: no files, no reports, no progress bars."""
        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        in_memory = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        quiet = ProgressBarsConfig(globally=False)
        config = DataContextConfig(store_backend_defaults=in_memory, progress_bars=quiet)
        context = gx.get_context(mode="ephemeral", project_config=config)
        # Great Expectations would keep every table in memory and never let it go.
        self._source = context.data_sources.add_or_update_spark("run", persist=False)
        self.expectations = 0

    def check(self, table: str, frame: DataFrame, suite: Sequence[Expectation]) -> list[FailedExpectation]:
        """Return the expectations that a table does not meet.

        Args:
            table: Its name, for messages.
            frame: The table.
            suite: What must hold of it.
        """
        asset = self._source.add_dataframe_asset(table)
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
        self.expectations += len(suite)
        checked = batch.validate(gx.ExpectationSuite(table, expectations=list(suite)), result_format="BOOLEAN_ONLY")
        failed = [result.expectation_config for result in checked.results if not result.success]
        return [self._explain(table, batch, config.to_domain_obj()) for config in failed if config]

    def _explain(self, table: str, batch: Any, expectation: Expectation) -> FailedExpectation:  # noqa: ANN401 - GX names no public type
        result = batch.validate(expectation, result_format=_VALUES_STAY_HIDDEN).result
        count = result.get("unexpected_count")
        if count is None and isinstance(result.get("observed_value"), int):
            count = abs(result["observed_value"] - getattr(expectation, "value", 0))
        name = expectation.description or type(expectation).__name__
        return FailedExpectation(table, name, getattr(expectation, "column", None), count)

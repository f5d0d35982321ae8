"""Contracts as Great Expectations suites."""

from collections.abc import Iterator

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from mh_batch.contracts.loading import Column, Contract, load_contract, spark_type
from mh_batch.models import ModelCard

# Probabilities are sums of doubles; a model's softmax leaves far less than this.
_SOFTMAX_TOLERANCE = 1e-3

Expectations = list[Expectation]


def scores_suite(card: ModelCard, expected_rows: int) -> Expectations:
    """Return what must hold of a model's scores table.

    Args:
        card: The model's card; its labels name the columns.
        expected_rows: Documents that the books say were scored.
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
    yield gxe.ExpectColumnValuesToBeOfType(column=column.name, type_=type(spark_type(column)).__name__)
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

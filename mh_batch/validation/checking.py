"""Runs suites on Spark tables with Great Expectations, and says what failed by name and count, never by value."""

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Great Expectations reads this when it is imported: nothing is to be reported to its makers.
os.environ["GX_ANALYTICS_ENABLED"] = "False"

import great_expectations as gx
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations import Expectation
from pyspark.sql import DataFrame

_VALUES_STAY_HIDDEN = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}


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
        """Return the expectations of `suite` that `frame` does not meet."""
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

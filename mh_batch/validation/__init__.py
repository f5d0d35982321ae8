"""The checks that a run must pass before it is published."""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.validation.run_validation import (
        ModelCounts as ModelCounts,
        Reconciliation as Reconciliation,
        ValidationResult as ValidationResult,
        count_run as count_run,
        validate_run as validate_run,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {"run_validation": ["ModelCounts", "Reconciliation", "ValidationResult", "count_run", "validate_run"]},
    )

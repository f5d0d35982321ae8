"""What changed since the run before."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from mh_batch.validation import load_contract

_TOTALS = {"period": "all", "language": "all"}
_SAME = ("fingerprint", "thresholds")


def change_table(
    table: pa.Table, manifest: Mapping[str, Any], table_before: pa.Table, manifest_before: Mapping[str, Any]
) -> pa.Table:
    """Compare a run with the one before, by the contract of `change`.

    Args:
        table: The run's prevalence.
        manifest: The run's manifest.
        table_before: Prevalence of the run before.
        manifest_before: Its manifest.
    """
    before, now = _totals(table_before), _totals(table)
    entries, entries_before = _models(manifest), _models(manifest_before)
    rows = [
        {
            "model": model,
            "label": label,
            "run_before": manifest_before["run_id"],
            "documents": row["documents"],
            "documents_before": before[model, label]["documents"],
            "prevalence": row["prevalence"],
            "prevalence_before": before[model, label]["prevalence"],
            "difference": row["prevalence"] - before[model, label]["prevalence"],
            "comparable": all(entries[model][key] == entries_before[model][key] for key in _SAME),
        }
        for (model, label), row in now.items()
        if (model, label) in before
    ]
    return pa.Table.from_pylist(rows, schema=load_contract("change").arrow_schema())


def _totals(table: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    rows = [row for row in table.to_pylist() if _TOTALS.items() <= row.items()]
    return {(row["model"], row["label"]): row for row in rows}


def _models(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {model["name"]: model for model in manifest["models"]}

"""What several commands do at their end: print rows, choose an exit code."""

import json
from collections.abc import Mapping
from typing import Any

from mh_batch.errors import DriftError
from mh_batch.settings import ReportOptions


def drift_code(entry: Mapping[str, Any], options: ReportOptions) -> int:
    """Return the exit code of a command whose report is written.

    Raises:
        DriftError: the report flags a change, and this was to be a failure.
    """
    if options.fail_on_drift and entry["flags"]:
        raise DriftError("\n".join(["what changed since the run compared with is worth a look:", *entry["flags"]]))
    return 0


def print_rows(rows: list[dict[str, object]], as_json: bool) -> None:
    """Print rows as JSON lines, or as a table."""
    if as_json:
        print("\n".join(json.dumps(row) for row in rows))
        return
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    header: dict[str, object] = {name: name for name in widths}
    for row in [header, *rows]:
        print("  ".join(str(row[name]).ljust(width) for name, width in widths.items()).rstrip())

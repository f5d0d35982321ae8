"""`mh-batch runs`: the runs of an output root."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mh_batch.commands.base import Command
from mh_batch.commands.run_summary import print_rows
from mh_batch.errors import UsageError
from mh_batch.settings.run_settings import RunsSettings

if TYPE_CHECKING:
    from mh_batch.output import OutputRoot


def _run(settings: RunsSettings) -> int:
    from mh_batch.output import OutputRoot

    root = OutputRoot.at(settings.output)
    rows = [_row(root.manifest(run), "published") for run in root.published()]
    rows += [_row_of_failed(root, run) for run in root.failed_runs()]
    rows.sort(key=lambda row: str(row["run"]))
    if not rows:
        raise UsageError(f"{settings.output} holds no runs")
    print_rows(rows, settings.as_json)
    return 0


def _row_of_failed(root: "OutputRoot", run: str) -> dict[str, object]:
    from mh_batch.output import MANIFEST

    try:
        return _row((root.failed(run) / MANIFEST).read_json(), "failed")
    except FileNotFoundError:  # the run was killed while it was moved
        return {"run": run, "state": "incomplete", "finished": "", "read": "", "scored": "", "failed": ""}


def _row(manifest: Mapping[str, Any], state: str) -> dict[str, object]:
    counts = manifest["counts"]
    return {
        "run": manifest["run_id"],
        "state": state,
        "finished": manifest["finished_at"],
        "read": counts["read"],
        "scored": " ".join(f"{name}={model['scored']}" for name, model in counts["models"].items()),
        "failed": len(manifest["validation"]["failed"]) + len(manifest["validation"]["unbalanced"]),
    }


COMMAND = Command("runs", RunsSettings, _run, "list the runs of an output root", takes_file=False)

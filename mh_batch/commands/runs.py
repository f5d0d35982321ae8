"""Commands on published runs."""

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mh_batch.commands.outcome import drift_code, print_rows
from mh_batch.commands.summary import summary
from mh_batch.common.flags import given_flags
from mh_batch.errors import UsageError, ValidationError
from mh_batch.settings import ReportSettings, RunSettings, load_settings

if TYPE_CHECKING:
    from mh_batch.output.layout import OutputRoot


def report(arguments: argparse.Namespace) -> int:
    """Write the report of a published run again, from its scores."""
    from mh_batch import open_run
    from mh_batch.output.access import output_access
    from mh_batch.output.layout import MANIFEST, OutputRoot
    from mh_batch.output.leases import Leases
    from mh_batch.reporting import write_report
    from mh_batch.spark.session import command_session, run_settings

    settings = load_settings(ReportSettings, arguments.config, given_flags(arguments, ReportSettings))
    run, root = open_run(settings.output, settings.run), OutputRoot.at(settings.output)
    root.compared(settings.against, run.manifest["previous"])  # a wrong run id is said at once
    lease = Leases(root.folder).held("run", f"report of {run.run_id}")
    with command_session("mh-batch report") as spark, run_settings(spark), output_access(root), lease:
        manifest = run.manifest  # not before: an erasure may have changed it
        compared = root.compared(settings.against, manifest["previous"])
        entry = write_report(spark, run.folder, manifest, settings, compared)
        (run.folder / MANIFEST).write_json({**manifest, "report": entry})
    print(summary(run))
    return drift_code(entry, settings)


def validate(arguments: argparse.Namespace) -> int:
    """Check a published run again."""
    from mh_batch import open_run
    from mh_batch.models import ModelCard
    from mh_batch.spark.session import command_session, run_settings
    from mh_batch.validation.run_validation import validate_run

    settings = load_settings(RunSettings, None, given_flags(arguments, RunSettings))
    run = open_run(settings.output, settings.run)
    said = run.manifest
    cards = [ModelCard.model_validate(_only(ModelCard.model_fields, model)) for model in said["models"]]
    read, share = said["counts"]["read"], said["settings"]["max_failed_share"]
    with command_session("mh-batch validate") as spark, run_settings(spark):
        result = validate_run(spark, run.folder, cards, read, share)
    if result.problems:
        problems = "\n".join(f"  - {problem}" for problem in result.problems)
        raise ValidationError(f"run {run.run_id} does not hold its contracts:\n{problems}")
    print(f"run {run.run_id}: {result.expectations} expectations hold and all rows are accounted for")
    return 0


def _only(names: Iterable[str], content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in names if name in content}


def runs(arguments: argparse.Namespace) -> int:
    """List the runs of an output root."""
    from mh_batch.output.layout import OutputRoot

    root = OutputRoot.at(arguments.output)
    rows = [_run_row(root.manifest(run), "published") for run in root.published()]
    rows += [_failed_row(root, run) for run in root.failed_runs()]
    rows.sort(key=lambda row: str(row["run"]))
    if not rows:
        raise UsageError(f"{arguments.output} holds no runs")
    print_rows(rows, arguments.json)
    return 0


def _failed_row(root: "OutputRoot", run: str) -> dict[str, object]:
    from mh_batch.output.layout import MANIFEST

    try:
        return _run_row((root.failed(run) / MANIFEST).read_json(), "failed")
    except FileNotFoundError:  # the run was killed while it was moved
        return {"run": run, "state": "incomplete", "finished": "", "read": "", "scored": "", "failed": ""}


def _run_row(manifest: Mapping[str, Any], state: str) -> dict[str, object]:
    counts = manifest["counts"]
    return {
        "run": manifest["run_id"],
        "state": state,
        "finished": manifest["finished_at"],
        "read": counts["read"],
        "scored": " ".join(f"{name}={model['scored']}" for name, model in counts["models"].items()),
        "failed": len(manifest["validation"]["failed"]) + len(manifest["validation"]["unbalanced"]),
    }

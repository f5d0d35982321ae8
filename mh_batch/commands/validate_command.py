"""`mh-batch validate`: a published run checked against its contracts."""

from collections.abc import Iterable, Mapping
from typing import Any

from mh_batch.commands.base import Command
from mh_batch.errors import ValidationError
from mh_batch.settings import RunSettings


def _run(settings: RunSettings) -> int:
    from mh_batch import open_run
    from mh_batch.models import ModelCard
    from mh_batch.spark import command_session, run_settings
    from mh_batch.validation import validate_run

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


COMMAND = Command("validate", RunSettings, _run, "check a published run against its contracts", takes_file=False)

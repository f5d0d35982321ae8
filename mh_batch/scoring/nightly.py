"""One night: score what is new, report, compare with the night before, retire old runs. Once for each date."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pyspark.sql import SparkSession

from mh_batch.output import Leases, OutputRoot, PublishedRun, output_access
from mh_batch.privacy.erasure.manifests import may_have_read
from mh_batch.scoring.inference.model_loading import ModelLoader
from mh_batch.scoring.plan import plan_run
from mh_batch.scoring.run import execute
from mh_batch.settings import NightlySettings
from mh_batch.sources import TableVersion

_DATE = "{date}"

# After all dates of nights.
_LAST = "9999-99-99"

# What may differ between two starts of one night without making it another night.
_INCIDENTAL = frozenset(
    {"keep_runs", "metrics", "partitions", "token_budget", "device", "task_cores", "fail_on_drift", "share_with_group"}
)


@dataclass(frozen=True)
class Night:
    """The outcome of a night.

    Attributes:
        run: The published run of the date.
        done_before: Whether an earlier start had published the run.
        retired: Ids of the runs that were deleted.
    """

    run: PublishedRun
    done_before: bool
    retired: list[str]


def run_night(
    settings: NightlySettings,
    session: Callable[[], AbstractContextManager[SparkSession]],
    load: ModelLoader | None = None,
) -> Night:
    """Carry out a night, or find that it has been carried out.

    Args:
        settings: What to read and do; without a date, today's (UTC).
        session: Starts Spark; not called if there is nothing to do.
        load: As of `execute`.

    Raises:
        BusyError: another night is running in this output root.
        UsageError, ValidationError: as `plan_run` and `execute`.
    """
    settings = of_date(settings)
    root = OutputRoot.at(settings.output)
    with output_access(root, settings.share_with_group), Leases(root.folder).held("nightly", str(settings.date)):
        done = run_id = published_night(root, settings)
        if run_id is None:
            plan = plan_run(settings, tables_read(root, settings))
            with session() as spark:
                run_id = execute(spark, plan, load).run_id
        return Night(PublishedRun(root.run(run_id)), done is not None, root.retire(settings.keep_runs))


def of_date(settings: NightlySettings) -> NightlySettings:
    """Return the settings with the date of the night, which stands for `{date}` in the inputs."""
    date = settings.date or datetime.now(UTC).date()
    inputs = tuple(name.replace(_DATE, date.isoformat()) for name in settings.input)
    return settings.model_copy(update={"date": date, "input": inputs})


def published_night(root: OutputRoot, settings: NightlySettings) -> str | None:
    """Return the newest published run of these settings, date included; else one whose input an erasure made vague."""
    wanted, vague = _decisive(settings.model_dump(mode="json")), None
    for run_id in reversed(root.published()):
        recorded = _decisive(root.manifest(run_id)["settings"])
        if recorded == wanted:
            return run_id
        inputs = recorded["input"], wanted["input"]
        if vague is None and {**recorded, "input": inputs[1]} == wanted and may_have_read(*inputs):
            vague = run_id
    return vague


def tables_read(root: OutputRoot, settings: NightlySettings) -> list[TableVersion]:
    """Return which version of each table the newest published night before had, of those with the same models.

    A night that is carried out again, with other settings, so reads again what was new in it.
    """
    versions: dict[str, TableVersion] = {}
    if settings.table_rows == "all":
        return []
    wanted = _reading(settings.model_dump(mode="json"))
    for run_id in reversed(root.published()):
        manifest = root.manifest(run_id)
        recorded = {**_defaults(), **manifest["settings"]}
        # A later night or this one, one with other models, or no night at all.
        if (recorded["date"] or _LAST) >= str(settings.date) or _reading(recorded) != wanted:
            continue
        for table in manifest.get("tables", ()):
            version = TableVersion.recorded(table["version"])
            versions.setdefault(version.table_id, version)
    return list(versions.values())


def _reading(settings: dict[str, Any]) -> tuple[Any, Any]:
    """The settings that must be the same for one night to go on from where another ended."""
    return sorted(settings["model"]), settings["columns"]


def _decisive(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that make the night; one that there was not yet counts as its default."""
    return {name: value for name, value in {**_defaults(), **settings}.items() if name not in _INCIDENTAL}


@cache
def _defaults() -> dict[str, Any]:
    fields = {name: field for name, field in NightlySettings.model_fields.items() if not field.is_required()}
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    return NightlySettings.model_construct(**defaults).model_dump(mode="json", include=set(defaults))

"""`mh-batch publish`: copies of a published run in tables that others query."""

from mh_batch.commands.base import Command
from mh_batch.settings import PublishSettings


def _run(settings: PublishSettings) -> int:
    from mh_batch.output import OutputRoot
    from mh_batch.publishing import Place, publish_run, remove_run

    root, place = OutputRoot.existing(settings.output), Place.named(settings.to)
    done = (remove_run if settings.remove else publish_run)(root, settings.run, place)
    print(f"run {done.run_id} {'was taken out of' if settings.remove else 'is in'} {place}")
    for table, version in done.versions.items():
        rows = "" if settings.remove else f": {done.rows[table]:,} rows"
        print(f"  {table}{rows}, since version {version}")
    return 0


COMMAND = Command("publish", PublishSettings, _run, "copy a published run into tables that others query")

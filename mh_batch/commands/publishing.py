"""The command that copies runs to where others query them."""

import argparse

from mh_batch.common.flags import given_flags
from mh_batch.settings import PublishSettings, load_settings


def publish(arguments: argparse.Namespace) -> int:
    """Put a published run into tables that others query, or take it out of them."""
    from mh_batch.output.layout import OutputRoot
    from mh_batch.publishing import Place, publish_run, remove_run

    settings = load_settings(PublishSettings, arguments.config, given_flags(arguments, PublishSettings))
    root, place = OutputRoot.existing(settings.output), Place.named(settings.to)
    done = (remove_run if settings.remove else publish_run)(root, settings.run, place)
    print(f"run {done.run_id} {'was taken out of' if settings.remove else 'is in'} {place}")
    for table, version in done.versions.items():
        rows = "" if settings.remove else f": {done.rows[table]:,} rows"
        print(f"  {table}{rows}, since version {version}")
    return 0

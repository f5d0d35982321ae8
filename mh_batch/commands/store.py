"""Commands that look after the score store."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from mh_batch.commands.outcome import print_rows
from mh_batch.common.flags import given_flags
from mh_batch.errors import UsageError
from mh_batch.settings import PruneSettings, StoreSettings, load_settings

if TYPE_CHECKING:
    from mh_batch.output.layout import OutputRoot


def store(arguments: argparse.Namespace) -> int:
    """Keep the score store: show, put together, delete."""
    operations = {"stats": _store_stats, "compact": _store_compact, "prune": _store_prune}
    return operations[arguments.operation](arguments)


def _store_stats(arguments: argparse.Namespace) -> int:
    from mh_batch.output.maintenance import store_statistics

    rows = [asdict(one) for one in store_statistics(_root(arguments, StoreSettings))]
    if not rows:
        raise UsageError(f"{arguments.output} holds no scores")
    print_rows(rows, arguments.json)
    return 0


def _store_compact(arguments: argparse.Namespace) -> int:
    from mh_batch.output.maintenance import compact_store
    from mh_batch.spark.session import command_session, run_settings

    root = _root(arguments, StoreSettings)
    with command_session("mh-batch store compact") as spark, run_settings(spark):
        for fingerprint, (before, after) in compact_store(spark, root).items():
            print(f"{fingerprint}: {before:,} files became {after:,}")
    return 0


def _store_prune(arguments: argparse.Namespace) -> int:
    from mh_batch.output.maintenance import prune_store

    settings = load_settings(PruneSettings, None, given_flags(arguments, PruneSettings))
    deleted = prune_store(_root(arguments, PruneSettings), settings.fingerprint, settings.unused)
    print("\n".join(f"deleted {fingerprint}" for fingerprint in deleted) or "nothing to delete")
    return 0


def _root(arguments: argparse.Namespace, kind: type[StoreSettings]) -> "OutputRoot":
    from mh_batch.output.layout import OutputRoot

    return OutputRoot.at(load_settings(kind, None, given_flags(arguments, kind)).output)

"""`mh-batch store`: what the score store holds; many small files put together, and old scores deleted."""

from dataclasses import asdict

from mh_batch.commands.base import Command, CommandGroup
from mh_batch.commands.run_summary import print_rows
from mh_batch.errors import UsageError
from mh_batch.settings import PruneSettings, StoreSettings
from mh_batch.settings.run_settings import StoreStatsSettings


def _show(settings: StoreStatsSettings) -> int:
    from mh_batch.output import OutputRoot, store_statistics

    rows = [asdict(one) for one in store_statistics(OutputRoot.at(settings.output))]
    if not rows:
        raise UsageError(f"{settings.output} holds no scores")
    print_rows(rows, settings.as_json)
    return 0


def _compact(settings: StoreSettings) -> int:
    from mh_batch.output import OutputRoot, compact_store
    from mh_batch.spark import command_session, run_settings

    root = OutputRoot.at(settings.output)
    with command_session("mh-batch store compact") as spark, run_settings(spark):
        for fingerprint, (before, after) in compact_store(spark, root).items():
            print(f"{fingerprint}: {before:,} files became {after:,}")
    return 0


def _prune(settings: PruneSettings) -> int:
    from mh_batch.output import OutputRoot, prune_store

    deleted = prune_store(OutputRoot.at(settings.output), settings.fingerprint, settings.unused)
    print("\n".join(f"deleted {fingerprint}" for fingerprint in deleted) or "nothing to delete")
    return 0


COMMAND = CommandGroup(
    "store",
    "show what the score store holds, or keep it small",
    (
        Command("stats", StoreStatsSettings, _show, "what the store holds, by model fingerprint", takes_file=False),
        Command("compact", StoreSettings, _compact, "put many small files together in few", takes_file=False),
        Command("prune", PruneSettings, _prune, "delete what no longer wanted models said", takes_file=False),
    ),
)

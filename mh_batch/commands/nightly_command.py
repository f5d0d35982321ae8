"""`mh-batch nightly`: a day's corpus scored once, compared with the day before, and old runs retired."""

from mh_batch.commands.base import Command
from mh_batch.commands.run_summary import drift_code, summarize_run
from mh_batch.settings import NightlySettings


def _run(settings: NightlySettings) -> int:
    from mh_batch.output import OutputRoot, warn_of_copies
    from mh_batch.scoring.nightly import run_night
    from mh_batch.spark import command_session

    night = run_night(settings, lambda: command_session("mh-batch nightly"))
    if night.done_before:
        print("this night was published before; `mh-batch score` with the same settings would read its corpus again")
    print(summarize_run(night.run))
    if night.retired:
        print(f"retired {len(night.retired)} older runs; what they scored stays in the store")
        warn_of_copies(OutputRoot.at(settings.output), "runs were retired", night.retired)
    return drift_code(night.run.manifest["report"], settings)


COMMAND = Command("nightly", NightlySettings, _run, "score a day's corpus once, compare, retire old runs")

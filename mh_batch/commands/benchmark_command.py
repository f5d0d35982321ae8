"""`mh-batch benchmark`: engines and job, side by side with other tools."""

from mh_batch.commands.base import Command
from mh_batch.settings import BenchmarkSettings


def _run(settings: BenchmarkSettings) -> int:
    from mh_batch.benchmark.side_by_side import run_benchmark

    print(run_benchmark(settings), end="")
    print(f"\nfigures, plot and logs: {settings.output}")
    return 0


COMMAND = Command("benchmark", BenchmarkSettings, _run, "measure the engines against other tools")

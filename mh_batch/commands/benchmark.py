"""The command that measures."""

import argparse

from mh_batch.common.flags import given_flags
from mh_batch.settings import BenchmarkSettings, load_settings


def benchmark(arguments: argparse.Namespace) -> int:
    """Measure engines and job side by side with other tools."""
    from mh_batch.benchmark.side_by_side import run_benchmark as measure

    settings = load_settings(BenchmarkSettings, arguments.config, given_flags(arguments, BenchmarkSettings))
    print(measure(settings), end="")
    print(f"\nfigures, plot and logs: {settings.output}")
    return 0

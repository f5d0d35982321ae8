"""`python -m mh_batch.benchmark`: measures a device on a machine that has little more than torch."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mh_batch.common.flags import Parser, add_flags, given_flags
from mh_batch.errors import MhBatchError
from mh_batch.settings import DeviceBenchmarkSettings, load_settings


def measure_from_flags(arguments: Sequence[str] | None = None) -> int:
    """Measure; return the exit code."""
    # Nothing is fetched: what is measured is made here. Said before any library reads it.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from mh_batch.benchmark.device.suite import measure_device

    parser = Parser(prog="python -m mh_batch.benchmark", description="Measure engines and peers on one device.")
    parser.add_argument("--config", type=Path, help="YAML file with the same settings; flags win over it")
    add_flags(parser, DeviceBenchmarkSettings)
    try:
        namespace, unknown = parser.parse_known_args(arguments)
        parser.check_unknown(unknown)
        given = given_flags(namespace, DeviceBenchmarkSettings)
        settings = load_settings(DeviceBenchmarkSettings, namespace.config, given)
        measure_device(settings)
    except MhBatchError as error:
        print(f"mh_batch.benchmark: {error}", file=sys.stderr)
        return error.exit_code
    print(settings.output)
    return 0


if __name__ == "__main__":
    sys.exit(measure_from_flags())

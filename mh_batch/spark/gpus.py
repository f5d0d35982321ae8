"""The GPUs of this machine, as PyTorch counts them."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache

from mh_batch.inference import Precision, best_precision

_PATIENCE = 120.0


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes:
        device: What PyTorch calls it: "cuda:N".
        name: Its model.
        precision: What it computes fastest in.
    """

    device: str
    name: str
    precision: Precision


@cache
def gpus_of_this_machine() -> tuple[Gpu, ...]:
    """Return the GPUs that PyTorch may use here; CUDA_VISIBLE_DEVICES hides the others.

    They are counted here and looked at in a process of its own: CUDA keeps memory of each GPU for a process that has
    begun to use it, and the driver computes nothing.
    """
    import torch

    if torch.cuda.device_count() == 0:
        return ()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):  # GPUs that cannot be used are none
        return ()
    return tuple(Gpu(**entry) for entry in json.loads(done.stdout.splitlines()[-1]))


def _look() -> list[Gpu]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    devices = [f"cuda:{number}" for number in range(count)]
    return [Gpu(device, torch.cuda.get_device_name(device), best_precision(device)) for device in devices]


if __name__ == "__main__":
    print(json.dumps([asdict(gpu) for gpu in _look()]))

"""The environment of contestants that this project does not depend on."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from mh_batch.errors import PlatformError

# Contestant: what it needs beside what this project needs.
PEER_PACKAGES = {
    "cross-encoder": ("sentence-transformers==6.2.0",),
    "onnx-int8": ("onnx==1.23.2", "onnxscript==0.7.2", "onnxruntime==1.31.1"),
    "openvino": ("openvino==2026.4.1",),
    "ray-data": ("ray[data]==2.60.0",),
}


def peer_python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment in `folder`, made if it is not there.

    The environment sees this one's packages, so that all contestants share one torch and one transformers.

    Raises:
        PlatformError: the packages cannot be installed.
    """
    python, made = folder / "bin" / "python", folder / "installed"
    packages = sorted({package for needed in PEER_PACKAGES.values() for package in needed})
    if made.is_file() and made.read_text().split() == packages:
        return python
    venv.create(folder, with_pip=True, clear=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "of-mh-batch.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    installed = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", *packages], stdout=sys.stderr, stderr=sys.stderr, check=False
    )
    if installed.returncode:
        raise PlatformError(f"the peers could not be installed into {folder}; without --peers all they are left out")
    made.write_text("\n".join(packages))
    return python

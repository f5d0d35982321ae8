"""The README is run as its reader would: its commands and its Python, in its order, in one folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE)


def run_block(language: str, content: str, folder: Path) -> str:
    command = ["bash", "-euo", "pipefail", "-c", content] if language == "bash" else [sys.executable, "-c", content]
    binaries = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{content}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make` needs of a clone; the environment that runs the tests stands for the one that it would make."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "notebooks"):
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    (folder / ".venv" / "installed").touch()
    return folder


def test_the_readme_does_what_it_says(folder: Path) -> None:
    printed = [run_block(language, content, folder) for language, content in BLOCKS]
    joined = "\n".join(printed)
    assert len(BLOCKS) >= 6
    assert "xlmr-depression-mini: 3,000 scored, 32 rejected" in printed[0]
    page = re.search(r"report: (\S+index\.html)", printed[0])
    assert page
    assert Path(page[1]).stat().st_size < 5_000_000
    assert "text 2, xlmr-depression-mini: not_depressed" in joined
    assert joined.count("published") >= 1
    assert "malexandersalazar" in joined

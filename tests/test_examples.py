"""README and documents are run as their readers would: commands and Python, page by page in order, in one folder.

Each page goes on from those before it. A demo of a few hundred rows stands for that of three thousand.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import REPOSITORY, Block, blocks, pages, pages_with_examples

# One process, in this order.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples")]

RUN = ("bash", "python")
PAGES = {str(page.relative_to(REPOSITORY)): page for page in pages_with_examples()}
RUN_PAGES = [name for name, page in PAGES.items() if any(block.language in RUN for block in blocks(page))]
DOCUMENTS = 300

# What each page must print, as regular expressions.
PRINTED = {
    "README.md": (
        r"wrote \d+ rows",
        r"xlmr-depression-mini: 300 scored",
        r"text 2, xlmr-depression-mini: not_depressed",
        "published",
    ),
    "docs/tutorial.md": (r"null_text", "malexandersalazar", "xlmr-depression-mini"),
}


def run_block(block: Block, folder: Path) -> str:
    program = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else [sys.executable, "-c"]
    binaries = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "DEMO": f"--documents {DOCUMENTS}",
    }
    done = subprocess.run(
        [*program, block.content],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{block.content}\n{done.stdout}\n{done.stderr}"
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


@pytest.mark.parametrize("name", RUN_PAGES)
def test_a_page_does_what_it_says(name: str, folder: Path) -> None:
    printed = "\n".join(run_block(block, folder) for block in blocks(PAGES[name]) if block.language in RUN)
    for expected in PRINTED.get(name, ()):
        assert re.search(expected, printed), (expected, printed)
    for page in re.findall(r"report: (\S+index\.html)", printed):
        assert (folder / page).stat().st_size < 5_000_000


def test_only_these_pages_hold_blocks_that_are_run() -> None:
    others = [page for page in pages() if page not in PAGES.values()]
    assert [page for page in others for block in blocks(page) if block.language in RUN] == []

"""README and documents are run as their readers would: commands and Python, page by page in order, in one folder.

Each page goes on from those before it. A demo of a few hundred rows stands for that of three thousand. Commands of
`mh-batch` other than the demo's run in this process: a Spark session of its own for each costs more than what it does.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mh_batch.cli import main
from tests.documents import REPOSITORY, Block, blocks, command_lines, pages, pages_with_examples

pytestmark = [pytest.mark.slow, pytest.mark.spark]

RUN = ("bash", "python")
PAGES = {str(page.relative_to(REPOSITORY)): page for page in pages_with_examples()}
RUN_PAGES = [name for name, page in PAGES.items() if any(block.language in RUN for block in blocks(page))]
DOCUMENTS = 300
INTERPRETED = "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN"

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


def run_block(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    commands = list(command_lines(block)) if block.language == "bash" else []
    if commands and all(line.startswith("mh-batch ") for line in block.lines()):
        for arguments in commands:
            assert main(arguments) == 0, (arguments, capsys.readouterr().err)
        return capsys.readouterr().out
    program = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else [sys.executable, "-c"]
    return run_program([*program, block.content], folder)


def run_program(program: list[str], folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DEMO": f"--documents {DOCUMENTS}",
        # As in conftest: for a few rows Spark interprets queries faster than it compiles them.
        "PYSPARK_SUBMIT_ARGS": f"{INTERPRETED} pyspark-shell",
    }
    done = subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{program[-1]}\n{done.stdout}\n{done.stderr}"
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
@pytest.mark.usefixtures("spark")
def test_a_page_does_what_it_says(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    printed = "\n".join(run_block(block, folder, capsys) for block in blocks(PAGES[name]) if block.language in RUN)
    for expected in PRINTED.get(name, ()):
        assert re.search(expected, printed), (expected, printed)
    for page in re.findall(r"report: (\S+index\.html)", printed):
        assert (folder / page).stat().st_size < 5_000_000


def test_only_these_pages_hold_blocks_that_are_run() -> None:
    others = [page for page in pages() if page not in PAGES.values()]
    assert [page for page in others for block in blocks(page) if block.language in RUN] == []

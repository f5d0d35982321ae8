"""What README and documents say of commands, flags, files and each other is so; and they build without a warning."""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mh_batch import cli
from mh_batch.settings import DeviceBenchmarkSettings
from tests.documents import DOCS, REPOSITORY, blocks, command_lines, pages, without_blocks

PAGES = {str(page.relative_to(REPOSITORY)): page for page in pages()}
COMMANDS = [
    pytest.param(line, id=f"{name}: {' '.join(line)}"[:100])
    for name, page in PAGES.items()
    for block in blocks(page)
    if block.language in ("bash", "sh")
    for line in command_lines(block)
]
PRINTS_AND_ENDS = {"--example-policy", "--help", "--version"}
# Flags of other programs that the pages name in their sentences.
OTHER_FLAGS = {"--fail-on-warning"}


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for own in action.choices.values():
                yield from parsers(own)


def flags() -> set[str]:
    return {name for one in parsers(cli.parser()) for action in one._actions for name in action.option_strings}


@pytest.mark.parametrize("arguments", COMMANDS)
def test_each_command_of_the_pages_is_one_that_the_parser_takes(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if set(arguments) & PRINTS_AND_ENDS:
        with pytest.raises(SystemExit, match=r"^(None|0)$"):
            cli.parser().parse_known_args(arguments)
        return
    namespace, unknown = cli.parser().parse_known_args(arguments)
    assert unknown == []
    for action in namespace.parser._actions:
        value, choices = getattr(namespace, action.dest, None), str(action.metavar).split("|")
        if isinstance(value, str) and len(choices) > 1:
            assert value in choices, action.option_strings


def test_the_pages_have_commands() -> None:
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("name", PAGES)
def test_each_flag_that_a_page_names_is_one(name: str) -> None:
    words = re.findall(r"`(--[a-z][a-z-]*)", without_blocks(PAGES[name]))
    assert sorted(set(words) - flags() - OTHER_FLAGS - other_parsers()) == []


def other_parsers() -> set[str]:
    """Flags of the commands that are started with `python -m`."""
    own = {f"--{name.replace('_', '-')}" for name in DeviceBenchmarkSettings.model_fields}
    tests = (file.read_text() for file in (REPOSITORY / "tests").rglob("*.py"))
    return own | {flag for text in tests for flag in re.findall(r'"(--[a-z][a-z-]*)"', text)}


@pytest.mark.parametrize("name", PAGES)
def test_each_relative_link_leads_somewhere(name: str) -> None:
    page = PAGES[name]
    targets = re.findall(r"\]\(([^)\s]+)\)", without_blocks(page))
    files = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    written = ("commands/", "contracts/")  # by the build, which looks at links to them
    missing = [file for file in files if not (page.parent / file).exists() and not any(one in file for one in written)]
    assert missing == []


@pytest.mark.parametrize("name", PAGES)
def test_each_place_of_the_source_that_a_page_names_is_there(name: str) -> None:
    # `docs/_build` is there once the documents are built.
    named = re.findall(r"`((?:mh_batch|tests|jobs|schemas|docs)/(?!_build/)[\w/.-]+)`", without_blocks(PAGES[name]))
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_the_architecture_names_each_package_once() -> None:
    text = (DOCS / "architecture.md").read_text().partition("## Packages")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    (contract,) = [one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    wanted = [name for layer in contract["layers"] for name in re.split(r"[ :|]+", layer)]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(wanted)


@pytest.mark.slow
def test_the_documents_build_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going", "--nitpicky", "--fresh-env"]
    done = subprocess.run([*command, DOCS, tmp_path / "html"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in ("index", "tutorial", "reference/commands/score", "reference/contracts/scores", "reference/glossary"):
        assert (tmp_path / "html" / f"{page}.html").is_file()

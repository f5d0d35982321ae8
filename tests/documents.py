"""README and documents as tests read them: pages, blocks, command lines."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"

# The build writes these from the code.
_WRITTEN = (DOCS / "reference" / "commands", DOCS / "reference" / "contracts", DOCS / "_build")
_OPERATORS = {">", "<", "|", "&&", ";"}


class Block(NamedTuple):
    """A block of code: `bash` and `python` are run, the commands of `sh` are only parsed, all others are only shown."""

    language: str
    content: str

    def lines(self) -> list[str]:
        """Its lines, where those that end in a backslash go on."""
        return self.content.replace("\\\n", " ").splitlines()


def pages() -> list[Path]:
    """All pages that people write: those of the repository, then those of `docs/`."""
    written = [page for page in sorted(DOCS.rglob("*.md")) if not any(page.is_relative_to(one) for one in _WRITTEN)]
    return [*sorted(REPOSITORY.glob("*.md")), *written]


def pages_with_examples() -> list[Path]:
    """The pages whose blocks are run, in the order in which their readers come to them."""
    how_to = DOCS / "how-to"
    names = re.findall(r"^\| \[.*?\]\((.*?)\)", (how_to / "index.md").read_text(), re.MULTILINE)
    return [REPOSITORY / "README.md", DOCS / "tutorial.md", *(how_to / name for name in names)]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that name their language."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [Block(*one) for one in found]


def without_blocks(page: Path) -> str:
    """The text of a page, but for its blocks of code."""
    return re.sub(r"^(`{3,})[^\n]*\n.*?^\1", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def command_lines(block: Block) -> Iterator[list[str]]:
    """The arguments of each `mh-batch` in a block of commands, be it one of the scripts for spark-submit."""
    for line in block.lines():
        words = shlex.split(line, comments=True)
        for at, word in enumerate(words):
            script = re.search(r"(?:^|/)jobs/(\w+)\.py$", word)
            if word == "mh-batch" or script:
                rest = words[at + 1 :]
                end = next((i for i, one in enumerate(rest) if one in _OPERATORS), len(rest))
                yield [*([script[1]] if script else []), *rest[:end]]
                break

"""One page for each command, written from the parser that reads its flags."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from written_pages import contents, write_pages

from mh_batch import cli

_FOLDER = Path("reference", "commands")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before they are read."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of each command; one that has operations is left to them."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for own in action.choices.values():
                yield from commands(own)
            return
    yield parser


def _write(app: Sphinx) -> None:
    parsers = list(commands(cli.parser()))
    pages = {_file(parser): _page(parser) for parser in parsers}
    rows = [f"| [`{p.prog}`]({_file(p)}.md) | {p.description} |" for p in parsers]
    pages["index"] = "\n".join([_HEAD, "| | |", "|---|---|", *rows, "", contents([_file(p) for p in parsers])])
    write_pages(Path(app.srcdir) / _FOLDER, pages)


_HEAD = """# Commands

Written from the parser that reads the flags: what stands here is what `mh-batch COMMAND --help` prints. Commands with
`--config` take the same settings from a YAML file, under the same names with underscores; flags win over the file.
"""


def _file(parser: argparse.ArgumentParser) -> str:
    return parser.prog.removeprefix("mh-batch ").replace(" ", "-")


def _page(parser: argparse.ArgumentParser) -> str:
    lines = [f"# {parser.prog}", "", parser.description or "", "", f"```{{program}} {parser.prog}", "```", ""]
    for action in parser._actions:
        lines += _option(action)
    return "\n".join([*lines, *([parser.epilog, ""] if parser.epilog else [])])


def _option(action: argparse.Action) -> list[str]:
    names = [f"{name}{_values(action)}" for name in action.option_strings] or [_positional(action)]
    told = (action.help or "").replace("%%", "%").replace("%(default)s", str(action.default))
    told = "print this help and end" if isinstance(action, argparse._HelpAction) else told
    needed = " Needed." if action.required and action.option_strings else ""
    # Braces and stars of a help text are meant as they stand.
    plain = told.replace("\\", "\\\\").replace("*", "\\*").replace("<", "\\<").replace("{", "\\{")
    return [f"```{{option}} {', '.join(names)}", f"{plain[:1].upper()}{plain[1:]}.{needed}", "```", ""]


def _positional(action: argparse.Action) -> str:
    return str(action.metavar or action.dest).upper()


def _values(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f" {metavar}" + (" ..." if action.nargs in ("+", "*") else "")

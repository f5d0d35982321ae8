"""One page for each table, written from the contract in `schemas/` that the code itself reads."""

from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from written_pages import cell, contents, write_pages

_FOLDER = Path("reference", "contracts")
_KNOWN = {"name", "type", "nullable", "description"}

# By who writes a table, in the order in which a reader meets them.
_GROUPS = {
    "What you bring": ("documents", "consent", "contacts", "labelled"),
    "What a run writes": ("scores", "rejected", "store"),
    "The report": ("prevalence", "distribution", "cooccurrence", "quality", "change", "mix"),
    "Erasure and follow-up": ("erased", "outbox", "deliveries"),
    "Data and evaluation": (
        "generated",
        "refused",
        "prepared",
        "left_out",
        "metrics",
        "differences",
        "reliability",
        "predictions",
    ),
}
_OTHERS = "Others"

_HEAD = """# Contracts

A contract says what a table holds: its columns in order, with type, whether null may stand there, and what must hold of
the values. The files in `schemas/` are the only place where a column is defined: Spark and Arrow schemas, the checks of
Great Expectations and these pages are made from them.
"""


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before they are read."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}


def _write(app: Sphinx) -> None:
    files = sorted((Path(app.srcdir).parent / "schemas").glob("*.yaml"))
    contracts = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}
    pages = {name: _page(contract) for name, contract in contracts.items()}
    grouped = {name for names in _GROUPS.values() for name in names}
    groups = {**_GROUPS, _OTHERS: tuple(sorted(set(contracts) - grouped))}
    lines = [_HEAD]
    for title, names in groups.items():
        rows = [f"| [`{name}`]({name}.md) | {cell(contracts[name]['description'])} |" for name in names]
        lines += [f"## {title}", "", "| | |", "|---|---|", *rows, ""] if rows else []
    order = [name for names in groups.values() for name in names]
    write_pages(Path(app.srcdir) / _FOLDER, {**pages, "index": "\n".join([*lines, contents(order)])})


def _page(contract: dict[str, Any]) -> str:
    rows = [_row(column) for column in contract["columns"]]
    head = [f"# {contract['table']}", "", contract["description"].strip(), "", "| column | type | checks | |"]
    return "\n".join([*head, "|---|---|---|---|", *rows, ""])


def _row(column: dict[str, Any]) -> str:
    checks = ["may be null" if column.get("nullable", True) else "never null"]
    checks += [_check(name, value) for name, value in column.items() if name not in _KNOWN]
    return f"| `{column['name']}` | `{column['type']}` | {'; '.join(checks)} | {cell(column['description'])} |"


def _check(name: str, value: Any) -> str:  # noqa: ANN401 - what YAML holds
    words = name.replace("_", " ")
    if value is True:
        return words
    return f"{words} {' and '.join(map(str, value))}" if isinstance(value, list) else f"{words} {value}"

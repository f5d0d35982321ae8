"""Pages that the build writes itself: only what changed is written, and what is no longer written goes."""

from collections.abc import Mapping
from pathlib import Path


def write_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Make a folder hold these pages and no other.

    Args:
        folder: Where they go; git ignores it.
        pages: Text of each page by its name, without suffix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        page = folder / f"{name}.md"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def contents(names: list[str]) -> str:
    """Return a table of contents that shows the pages in this order."""
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```", ""])


def cell(text: str) -> str:
    """Return a text as it can stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")

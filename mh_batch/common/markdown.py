"""Tables in Markdown."""

from collections.abc import Sequence


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Return a table; nothing without rows.

    Args:
        header: Names of the columns.
        rows: Cells, in the order of the names.
        words: So many columns, the first ones, hold words; the others hold numbers.
    """
    lines = [header, [*["---"] * words, *["--:"] * (len(header) - words)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""

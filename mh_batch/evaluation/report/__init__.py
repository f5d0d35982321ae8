"""Outputs of an evaluation: tables, Markdown, a page with charts, and what must be known to read them."""

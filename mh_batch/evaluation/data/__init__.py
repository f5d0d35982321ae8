"""Labelled texts: their files, what holds of each row, and where they are scored."""

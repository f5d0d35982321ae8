"""Pseudonyms of authors, documents and texts: keyed hashes, and the files that hold the keys."""

"""Changes finished tables in place, one whole file at a time."""

from mh_batch.rewriting.files import Change, rewrite_files

__all__ = ["Change", "rewrite_files"]

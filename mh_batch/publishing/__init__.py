"""Copies of published runs where others query them, and their removal."""

from mh_batch.publishing.places import Place
from mh_batch.publishing.run_copies import Copied, publish_run, remove_run

__all__ = ["Copied", "Place", "publish_run", "remove_run"]

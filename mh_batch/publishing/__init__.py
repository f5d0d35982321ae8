"""Copies published runs to where others query them, and takes them out again."""

from mh_batch.publishing.places import Place
from mh_batch.publishing.publish import Copied, publish_run, remove_run

__all__ = ["Copied", "Place", "publish_run", "remove_run"]

"""The report for people: one HTML file that needs nothing else."""

from mh_batch.reporting.page.rendering import render_page

__all__ = ["render_page"]

"""The report of a run: tables for machines and one self-contained page for people."""

from mh_batch.reporting.estimation.uncertainty import wilson_interval
from mh_batch.reporting.report import write_page_again, write_report

__all__ = ["wilson_interval", "write_page_again", "write_report"]

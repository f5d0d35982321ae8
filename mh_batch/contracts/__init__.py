"""Contracts of the tables, and the checks that a run must pass before it is published."""

from mh_batch.contracts.loading import Column, Contract, load_contract

__all__ = ["Column", "Contract", "load_contract"]

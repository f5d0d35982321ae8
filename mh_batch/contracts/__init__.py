"""Contracts of the tables that are written and read."""

from mh_batch.contracts.contract import Column, Contract, load_contract

__all__ = ["Column", "Contract", "load_contract"]

"""Candidates of a benchmark: each scores a list of texts with one checkpoint, its own way.

Nothing of the rest of the project is imported before a candidate of the project is chosen, so that an environment that
lacks what the project needs can run the others.
"""

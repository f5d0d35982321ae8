"""Comparison with another run."""

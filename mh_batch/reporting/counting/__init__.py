"""Counts of a run's scores: Spark counts, groups come to the driver."""

"""Inference of a run: texts to token ids to scores, in Spark's workers.

Nothing is imported here: every worker imports this package when it unpickles what it is to do.
"""

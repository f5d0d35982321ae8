"""Spark: the store, the run, publishing.

`mh_batch` itself exports `score_corpus` and `open_run`. Nothing is imported here, because every Python worker that
unpickles the scoring function imports this package and must not wait for Great Expectations and the charts.
"""

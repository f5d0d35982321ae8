"""Measures of predictions on labelled rows: metrics, curves, intervals, thresholds, error rates, speed."""

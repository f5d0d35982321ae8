"""What the scores of a run come to: Spark counts, groups come to the driver."""

"""Tests of mh-batch, and what they share."""

import os

# Three processes of tests have two cores: threads beside theirs would spend the time on waiting for one another, and
# GOMP's wait by turning in circles. Libraries read this as they are loaded, which is after this package.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

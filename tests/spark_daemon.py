"""Spark's Python daemon in tests: it imports once what each of its workers would otherwise import for itself.

Importing PyTorch takes seconds, and a worker ends with its session, with a task that fails, and after a minute without
work. Workers are forked from the daemon, which Spark starts by its name (`spark_settings.WORKER_DAEMON`).
"""

from pyspark.daemon import manager

from mh_batch.corpus import admission
from mh_batch.scoring.inference import score_task
from tests.scoring import recording_loader

IMPORTED = (admission, score_task, recording_loader)

if __name__ == "__main__":
    manager()  # type: ignore[no-untyped-call]  # PySpark does not type it

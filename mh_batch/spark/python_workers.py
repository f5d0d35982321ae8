"""Settings of Spark's Python workers: what costs time is avoided, and groups of them are told apart."""

import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from zipimport import zipimporter

import pyarrow as pa
from pyspark import SparkContext

BatchFunction = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_POOL = "MH_BATCH_WORKERS"
_naming = threading.Lock()


def leave_archives_alone() -> None:
    """PySpark has every task look for new modules, for which Python reads the directories of all zips on its path.

    That takes a third of a second for Spark's own. Archives of a running job do not change.
    """
    zipimporter.invalidate_caches = lambda self: None  # type: ignore[method-assign] # there is no other way in


@contextmanager
def made_to_stay() -> Iterator[None]:
    """Let the garbage collector pass over what is made in this block from now on.

    PySpark collects garbage after every task, which takes a quarter of a second to look at all that torch keeps.
    """
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


@contextmanager
def common_workers() -> Iterator[None]:
    """Let functions that are given to Spark in this block not run in the workers that another thread asks for."""
    with _naming:
        yield


@contextmanager
def own_workers(context: SparkContext, name: str) -> Iterator[None]:
    """Let functions that are given to Spark in this block run in Python workers of their own.

    Spark keeps idle workers by their environment, and gives a task one of those that have the function's.
    """
    with _naming:
        context.environment[_POOL] = name
        try:
            yield
        finally:
            del context.environment[_POOL]

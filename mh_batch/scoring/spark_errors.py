"""Translation of Spark's failures that people can do something about."""

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from mh_batch.common.redaction import is_debugging, withheld
from mh_batch.corpus import Corpus
from mh_batch.errors import CorpusChangedError, MhBatchError, StoreError

_DISK_FULL = ("No space left on device", "Disk quota exceeded")


@contextmanager
def translate_spark_errors(corpus: Corpus, output: str) -> Iterator[None]:
    """Raise an error of ours in place of Spark's, which may quote values of the corpus; others pass.

    Raises:
        StoreError: a disk is full.
        CorpusChangedError: a file of the corpus vanished or was damaged after the run had begun to read it.
        WithheldError: Spark failed for another cause.
    """
    try:
        yield
    except (PySparkException, Py4JError, OSError) as error:
        known = _known(error, corpus, output)
        if known is None and (is_debugging() or isinstance(error, OSError)):
            raise
        raise known or withheld(error) from None


def _known(error: Exception, corpus: Corpus, output: str) -> MhBatchError | None:
    if any(sign in str(error) for sign in _DISK_FULL):
        return StoreError(
            f"the disk of {output}, or of Spark's temporary files, is full. Nothing was published. "
            "Make room and start the same command again: what was scored is kept"
        )
    bad = corpus.unreadable_file(error)
    if bad is not None:
        return CorpusChangedError(f"{bad}, while it was being read. Start again: what was scored is kept")
    return None

"""Opens labelled texts: in this process, or on Spark where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from mh_batch.errors import CorpusError
from mh_batch.evaluation.data import LabelledData, labelled_data, lacks_languages
from mh_batch.evaluation.reading import TEXT, LabelledFiles
from mh_batch.evaluation.texts import LocalTexts, Texts
from mh_batch.evaluation.truth import read_truth
from mh_batch.models import ModelCard
from mh_batch.settings import EvaluationSettings


@dataclass(frozen=True)
class Labelled:
    """Labelled rows with their texts.

    Attributes:
        files: Where they lie.
        texts: All texts of the files.
        data: The rows that can be measured on.
        how: How the labels were read, for people.
        detected: Whether languages were detected.
    """

    files: LabelledFiles
    texts: Texts
    data: LabelledData
    how: str
    detected: bool


@contextmanager
def opened(data: Sequence[str], settings: EvaluationSettings, cards: Sequence[ModelCard]) -> Iterator[Labelled]:
    """Open labelled texts, with a Spark session that lasts as long where one is needed.

    Args:
        data: Files or folders.
        settings: How columns and labels are called, and from how many rows on Spark is used.
        cards: Whose labels the data may name.

    Raises:
        CorpusError: the files cannot be read as labelled texts.
    """
    files = LabelledFiles.of(data, settings.columns)
    if not settings.spark and files.count <= settings.spark_rows:
        table = files.table(with_text=True)
        texts = LocalTexts(table[TEXT].to_pylist(), settings.device, settings.token_budget)
        yield _labelled(files, table, texts, settings, cards)
        return
    if not files.have("doc_id"):
        raise CorpusError("to score on Spark, rows need a doc_id: name the column with --columns doc_id=...")
    from mh_batch.evaluation.distributed import SparkTexts
    from mh_batch.spark.session import command_session, run_settings

    table = files.table(with_text=False)
    with command_session("mh-batch evaluate") as spark, run_settings(spark):
        doc_ids = table["doc_id"].to_pylist()
        yield _labelled(
            files, table, SparkTexts(spark, files, doc_ids, settings.device, settings.token_budget), settings, cards
        )


def _labelled(
    files: LabelledFiles, table: pa.Table, texts: Texts, settings: EvaluationSettings, cards: Sequence[ModelCard]
) -> Labelled:
    truth, detect = read_truth(table, settings.positive, cards), lacks_languages(table)
    return Labelled(files, texts, labelled_data(table, truth, *texts.facts(detect)), truth.how, detect)

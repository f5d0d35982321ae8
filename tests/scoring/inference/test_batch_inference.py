import os
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.errors import WithheldError
from mh_batch.inference import Execution, TokenizedTexts
from mh_batch.models import Model
from mh_batch.scoring.inference.batch_inference import BatchInference
from mh_batch.scoring.inference.model_loading import ModelLoader
from mh_batch.spark import Placement
from tests.scoring.recording_loader import (
    UNTOKENISABLE,
    RecordingLoader,
    ScoredText,
    WordTokenizer,
    scored_texts,
    side_by_side,
)

pytestmark = pytest.mark.spark

TEXTS = ["A walk.", "A walk by the lake.", f"An {UNTOKENISABLE} one.", "Rain " * 300]
TOKENS = [2, 5, 0, 300]


def texts_of(spark: SparkSession, texts: list[str]) -> DataFrame:
    frame = spark.createDataFrame([(f"k{i}", text) for i, text in enumerate(texts)], "content_key string, text string")
    return frame.withColumn("n_chars", F.length("text").cast("long"))


def inference(
    spark: SparkSession, model: Model, load: ModelLoader, placement: Placement | None = None
) -> BatchInference:
    execution = Execution("exact", "fp32")
    return BatchInference(spark, model, execution, placement or Placement(), "scoring", None, None, load)


def kept(spark: SparkSession) -> int:
    return int(spark.sparkContext._jsc.getPersistentRDDs().size())


def test_the_plan_counts_tokens_and_a_text_that_fails_is_told_of(
    spark: SparkSession, xlmr_mini: Model, tmp_path: Path
) -> None:
    work = inference(spark, xlmr_mini, RecordingLoader(tmp_path))
    texts, rows = texts_of(spark, TEXTS), []
    with closing(work.tokenise(texts, texts)) as tokenised:
        assert (tokenised.plan.texts, tokenised.plan.tokens) == (4, sum(TOKENS) + 1)
        assert (tokenised.done.effort.texts, tokenised.done.effort.tokens) == (4, sum(TOKENS))
        assert kept(spark) == 1
        done = work.score(tokenised, lambda scored: rows.extend(scored.collect()))
    assert kept(spark) == 0
    found = {row["content_key"]: row for row in rows}
    assert [found[f"k{i}"]["n_tokens"] for i in range(4)] == TOKENS
    assert [found[f"k{i}"]["failure"] for i in range(4)] == [None, None, "Untokenisable", None]
    assert [found[f"k{i}"]["probabilities"] is None for i in range(4)] == [False, False, True, False]
    assert (done.effort.texts, done.effort.tokens, done.effort.chars) == (4, sum(TOKENS), sum(map(len, TEXTS)))


def test_nothing_to_score_starts_no_stage(spark: SparkSession, xlmr_mini: Model, tmp_path: Path) -> None:
    work = inference(spark, xlmr_mini, RecordingLoader(tmp_path))
    texts = texts_of(spark, TEXTS).limit(0)
    with closing(work.tokenise(texts, texts)) as tokenised:
        assert work.score(tokenised, lambda scored: pytest.fail("there is nothing")).effort.texts == 0


class _Broken:
    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        raise ValueError(texts[0])


@dataclass(frozen=True)
class _BrokenLoader(RecordingLoader):
    def tokenizer(self, model: Model) -> _Broken:  # type: ignore[override]  # it is as good a tokenizer
        return _Broken()


def test_nothing_is_kept_of_a_stage_that_fails(spark: SparkSession, xlmr_mini: Model, tmp_path: Path) -> None:
    texts = texts_of(spark, TEXTS)
    with pytest.raises(Exception, match=WithheldError.__name__):
        inference(spark, xlmr_mini, _BrokenLoader(tmp_path)).tokenise(texts, texts)
    assert kept(spark) == 0


@dataclass(frozen=True)
class _Slow(WordTokenizer):
    """Writes down when it had texts in hand."""

    log: Path

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        began = time.time()
        time.sleep(0.5)
        with (self.log / f"{os.getpid()}.txt").open("a") as scored:
            scored.write(f"- cpu {began} {time.time()}\n")
        return super().tokenize(texts)


@dataclass(frozen=True)
class _SlowLoader(RecordingLoader):
    tokenizing: Path = Path()

    def tokenizer(self, model: Model) -> _Slow:
        return _Slow(self.tokenizing)


def test_all_cores_tokenise_where_one_gpu_computes(spark: SparkSession, xlmr_mini: Model, tmp_path: Path) -> None:
    scoring, tokenizing = tmp_path / "scoring", tmp_path / "tokenizing"
    for folder in (scoring, tokenizing):
        folder.mkdir()
    gpu = Placement("cuda", ("cuda:7",), ("Fake 100",), exclusive=True)
    work = inference(spark, xlmr_mini, _SlowLoader(scoring, 0.01, tokenizing), gpu)
    texts, rows = texts_of(spark, [f"Note {i}" for i in range(40)]).repartition(8), []
    with closing(work.tokenise(texts, texts)) as tokenised:
        work.score(tokenised, lambda scored: rows.extend(scored.collect()))
    assert len(rows) == 40
    by_gpu, by_cpu = scored_texts(scoring), scored_texts(tokenizing)
    assert side_by_side(by_cpu)
    assert len({one.process for one in by_gpu}) == 1
    assert not side_by_side(by_gpu)
    assert not _processes(by_gpu) & _processes(by_cpu), "a process that holds a GPU tokenised"


def _processes(texts: list[ScoredText]) -> set[int]:
    return {text.process for text in texts}

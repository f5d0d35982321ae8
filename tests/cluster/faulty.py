"""The job that runs with a stand-in for a model, for spark-submit."""

import sys
from pathlib import Path

from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, score_corpus
from mh_batch.spark.session import start_session
from tests.scoring.recording_loader import ToldLoader


def score(
    spark: SparkSession, corpus: str, output: str, load: ToldLoader, tasks: int, **changes: object
) -> PublishedRun:
    """Score a corpus in so many tasks."""
    settings = {"input": corpus, "output": output, "model": "xlmr-depression-mini", "precision": "fp32"}
    return score_corpus(spark, ScoreSettings.model_validate({**settings, "partitions": tasks, **changes}), load=load)


def main(corpus: str, output: str, log: str, tasks: str, seconds_per_text: str, *settings: str) -> None:
    """The same from a command line; further settings as `name=value`."""
    spark = start_session("faults")
    changes = dict(setting.split("=") for setting in settings)
    score(spark, corpus, output, ToldLoader(Path(log), float(seconds_per_text)), int(tasks), **changes)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

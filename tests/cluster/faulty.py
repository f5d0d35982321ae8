"""The job that runs with a stand-in for a model, for spark-submit."""

import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, score_corpus
from mh_batch.spark import start_session
from tests.scoring.recording_loader import RecordingLoader

# Stands between the settings of two runs, and in front of the first ones.
NEXT_RUN = "next"


def score(
    spark: SparkSession, corpus: str, output: str, load: RecordingLoader, tasks: int, **changes: object
) -> PublishedRun:
    """Score a corpus in so many tasks."""
    settings = {"input": corpus, "output": output, "model": "xlmr-depression-mini", "precision": "fp32"}
    return score_corpus(spark, ScoreSettings.model_validate({**settings, "partitions": tasks, **changes}), load=load)


def main(corpus: str, tasks: str, seconds_per_text: str, *runs: str) -> None:
    """The same from a command line, one run after the other.

    Args:
        corpus: What each run reads.
        tasks: In how many tasks each scores.
        seconds_per_text: How long the stand-in for a model takes.
        runs: For each run `NEXT_RUN`, its folder, and further settings as `name=value`. In the folder are `output`,
            `scored` for what the stand-in writes down, and `began`, a file with the moment (since 1970).
    """
    spark = start_session("faults")
    for run in " ".join(runs).split(f"{NEXT_RUN} ")[1:]:
        folder, *settings = run.split()
        Path(folder, "began").write_text(str(time.time()))
        load = RecordingLoader(Path(folder, "scored"), float(seconds_per_text))
        changes = dict(setting.split("=") for setting in settings)
        score(spark, corpus, str(Path(folder, "output")), load, int(tasks), **changes)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

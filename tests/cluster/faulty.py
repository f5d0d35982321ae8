"""The job that runs with a stand-in for a model, for spark-submit."""

import sys
from pathlib import Path

from mh_batch import ScoreSettings, score_corpus
from mh_batch.scoring.session import start_session
from tests.scoring.told import ToldLoader


def main(corpus: str, output: str, log: str, tasks: str, seconds_per_text: str) -> None:
    """Score a corpus."""
    settings = ScoreSettings(
        input=(corpus,), output=output, model=("xlmr-depression-mini",), precision="fp32", partitions=int(tasks)
    )
    spark = start_session("faults")
    score_corpus(spark, settings, load=ToldLoader(Path(log), float(seconds_per_text)))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Commands that score a corpus."""

import argparse
from typing import TYPE_CHECKING

from mh_batch.commands.outcome import drift_code
from mh_batch.commands.summary import summary
from mh_batch.common.flags import given_flags
from mh_batch.settings import NightlySettings, ScoreSettings, load_settings

if TYPE_CHECKING:
    from mh_batch import PublishedRun

_CORPUS_OF_DEMO = "corpus"


def score(arguments: argparse.Namespace) -> int:
    """Score a corpus."""
    settings = load_settings(ScoreSettings, arguments.config, given_flags(arguments, ScoreSettings))
    run = _score(settings)
    print(summary(run))
    return drift_code(run.manifest["report"], settings)


def demo(arguments: argparse.Namespace) -> int:
    """Write a synthetic corpus, score it with both shipped models, and say what was found and where to look."""
    from mh_batch.datasets import write_synthetic_corpus
    from mh_batch.spark.session import check_java

    check_java()
    corpus = write_synthetic_corpus(arguments.output / _CORPUS_OF_DEMO, documents=arguments.documents)
    print(f"wrote {corpus.rows} rows, {sum(corpus.broken.values())} of them broken on purpose, to {corpus.folder}")
    settings = ScoreSettings(
        input=(str(corpus.folder),),
        output=str(arguments.output / "output"),
        model=("xlmr-depression-mini", "longformer-mental-health-mini"),
    )
    print(summary(_score(settings)))
    return 0


def _score(settings: ScoreSettings) -> "PublishedRun":
    from mh_batch.scoring.plan import plan_run
    from mh_batch.scoring.run import execute
    from mh_batch.spark.session import command_session

    plan = plan_run(settings)  # a wrong name is said at once, not after Spark has started
    with command_session("mh-batch score") as spark:
        return execute(spark, plan)


def nightly(arguments: argparse.Namespace) -> int:
    """Carry out a night, or say that it has been carried out."""
    from mh_batch.output.copies import warn_of_copies
    from mh_batch.output.layout import OutputRoot
    from mh_batch.scoring.nightly import run_night
    from mh_batch.spark.session import command_session

    settings = load_settings(NightlySettings, arguments.config, given_flags(arguments, NightlySettings))
    night = run_night(settings, lambda: command_session("mh-batch nightly"))
    if night.done_before:
        print("this night was published before; `mh-batch score` with the same settings would read its corpus again")
    print(summary(night.run))
    if night.retired:
        print(f"retired {len(night.retired)} older runs; what they scored stays in the store")
        warn_of_copies(OutputRoot.at(settings.output), "runs were retired", night.retired)
    return drift_code(night.run.manifest["report"], settings)

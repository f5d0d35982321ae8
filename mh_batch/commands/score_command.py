"""`mh-batch score`: a corpus scored, validated, published and reported."""

from typing import TYPE_CHECKING

from mh_batch.commands.base import Command
from mh_batch.commands.run_summary import drift_code, summarize_run
from mh_batch.settings import ScoreSettings

if TYPE_CHECKING:
    from mh_batch import PublishedRun


def score_by(settings: ScoreSettings) -> "PublishedRun":
    """Score a corpus in a session of the command's own, after what can be found wrong without one."""
    from mh_batch.scoring.plan import plan_run
    from mh_batch.scoring.run import execute
    from mh_batch.spark import command_session

    plan = plan_run(settings)  # a wrong name is said at once, not after Spark has started
    with command_session("mh-batch score") as spark:
        return execute(spark, plan)


def _run(settings: ScoreSettings) -> int:
    run = score_by(settings)
    print(summarize_run(run))
    return drift_code(run.manifest["report"], settings)


COMMAND = Command("score", ScoreSettings, _run, "score a corpus, validate, publish and report")

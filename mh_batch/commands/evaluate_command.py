"""`mh-batch evaluate`: models on labelled texts, side by side and beside published figures."""

from mh_batch.commands.base import Command
from mh_batch.settings import EvaluationSettings


def _run(settings: EvaluationSettings) -> int:
    from mh_batch.evaluation.evaluate import evaluate

    print(evaluate(settings))
    return 0


COMMAND = Command("evaluate", EvaluationSettings, _run, "measure models on labelled texts, and compare")

"""The command that measures models on labelled texts."""

import argparse

from mh_batch.common.flags import given_flags
from mh_batch.settings import EvaluationSettings, load_settings


def evaluate(arguments: argparse.Namespace) -> int:
    """Measure models on labelled texts, side by side and beside published figures."""
    from mh_batch.evaluation.evaluate import evaluate as measure

    settings = load_settings(EvaluationSettings, arguments.config, given_flags(arguments, EvaluationSettings))
    print(measure(settings))
    return 0

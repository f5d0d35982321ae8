"""`mh-batch prepare`: a data set of raw sources, with splits to train and to judge a model on, and a data card."""

from mh_batch.commands.base import Command
from mh_batch.common.console import announce
from mh_batch.settings import PrepareSettings


def _run(settings: PrepareSettings) -> int:
    from mh_batch.datasets.preparation import load_preparation_recipe, prepare

    print(prepare(load_preparation_recipe(settings.recipe), settings, announce).summary())
    return 0


COMMAND = Command("prepare", PrepareSettings, _run, "make splits to train and to judge a model on")

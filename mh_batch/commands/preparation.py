"""The command that makes data sets."""

import argparse

from mh_batch.common.flags import given_flags
from mh_batch.settings import PrepareSettings, load_settings


def prepare(arguments: argparse.Namespace) -> int:
    """Make a data set of raw sources: splits to train and to judge a model on, with a data card."""
    from mh_batch.datasets.preparation import load_preparation_recipe, prepare as prepare_data
    from mh_batch.spark.progress import announce

    settings = load_settings(PrepareSettings, arguments.config, given_flags(arguments, PrepareSettings))
    prepared = prepare_data(load_preparation_recipe(settings.recipe), settings, announce)
    print(prepared.summary())
    return 0

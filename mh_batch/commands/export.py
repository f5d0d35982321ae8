"""The command that makes ONNX graphs of a model."""

import argparse

from mh_batch.common.flags import given_flags
from mh_batch.settings import ExportSettings, load_settings


def export(arguments: argparse.Namespace) -> int:
    """Write a model's ONNX graphs, and say how far they are from it."""
    from mh_batch.evaluation.onnx_export import export_model
    from mh_batch.models import locate_model
    from mh_batch.spark.progress import announce

    settings = load_settings(ExportSettings, arguments.config, given_flags(arguments, ExportSettings))
    model = locate_model(settings.model, settings.models_dir)
    exported = export_model(model, settings.output, settings.precision, announce)
    for precision, parity in exported.parity.items():
        print(f"{precision}: {parity.described()}")
    print(f"score with it: mh-batch score --model {exported.folder} …")
    return 0

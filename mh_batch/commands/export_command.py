"""`mh-batch export`: ONNX graphs of a model, and how far they are from it."""

from mh_batch.commands.base import Command
from mh_batch.common.console import announce
from mh_batch.settings import ExportSettings


def _run(settings: ExportSettings) -> int:
    from mh_batch.evaluation.onnx_export import export_model
    from mh_batch.models import locate_model

    model = locate_model(settings.model, settings.models_dir)
    exported = export_model(model, settings.output, settings.precision, announce)
    for precision, parity in exported.parity.items():
        print(f"{precision}: {parity.described()}")
    print(f"score with it: mh-batch score --model {exported.folder} …")
    return 0


COMMAND = Command("export", ExportSettings, _run, "write a model as ONNX graphs that agree with it")

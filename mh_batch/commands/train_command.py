"""`mh-batch train`: a model trained by a recipe, and measured."""

from pathlib import Path
from typing import TYPE_CHECKING

from mh_batch.commands.base import Command
from mh_batch.errors import PlatformError, UsageError, nearest
from mh_batch.settings import TrainSettings

if TYPE_CHECKING:
    from mh_batch.training.trainer import Machine
    from mh_batch.training.training_stages import TrainingPlan

_INSTALL = "training needs packages that are not installed: pip install 'mh-batch[train]'"


def _run(settings: TrainSettings) -> int:
    try:
        import accelerate  # noqa: F401 - Trainer asks for it only after minutes
    except ImportError:
        raise PlatformError(_INSTALL) from None
    from mh_batch.spark import command_session
    from mh_batch.training.train import train

    said = train(_plan(settings), settings.output, _machine(settings), lambda: command_session("mh-batch train"))
    print(said)
    print(f"model: {settings.output}; score with it: mh-batch score --model {settings.output} …")
    return 0


def _plan(settings: TrainSettings) -> "TrainingPlan":
    from mh_batch.training.training_recipe import load_training_recipe
    from mh_batch.training.training_stages import TrainingPlan

    recipe = load_training_recipe(settings.recipe, {} if settings.epochs is None else {"epochs": settings.epochs})
    names = [stage.name for stage in recipe.stages]
    for name in (*settings.stages, *settings.data):
        if name not in names:
            raise UsageError(f"the recipe {recipe.name} has no stage '{name}': {nearest(name, names)}")
    chosen = tuple(stage for stage in recipe.stages if not settings.stages or stage.name in settings.stages)
    changes = {"stages": chosen} | ({"start": settings.start} if settings.start else {})
    work = settings.output.with_name(f".{settings.output.name}.training")
    return TrainingPlan(
        recipe=recipe.model_copy(update=changes),
        data=settings.data,
        models_dir=settings.models_dir,
        teacher=settings.teacher,
        teacher_answers=settings.teacher_answers or work / "teacher",
        unlabelled=tuple(map(Path, settings.unlabelled)),
        seed=settings.seed,
        threads=settings.threads,
        work=work,
    )


def _machine(settings: TrainSettings) -> "Machine":
    import torch

    from mh_batch.inference import best_precision
    from mh_batch.training.trainer import Machine

    device = settings.device if settings.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    precision = best_precision(device) if settings.precision == "auto" else settings.precision
    return Machine(device, precision, settings.processes)


COMMAND = Command("train", TrainSettings, _run, "train a model by a recipe, and measure it")

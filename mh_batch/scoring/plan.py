"""The plan of a run, checked before Spark is started."""

from collections.abc import Sequence
from dataclasses import dataclass

from mh_batch.errors import SettingsError
from mh_batch.inference import choose_execution
from mh_batch.models import Model, locate_model
from mh_batch.models.labels import check_thresholds
from mh_batch.output import OutputRoot
from mh_batch.privacy.withdrawal import RunLedger
from mh_batch.settings import ScoreSettings
from mh_batch.sources import TableVersion


@dataclass(frozen=True)
class RunPlan:
    """A run as it was asked for, with everything found that it names.

    Attributes:
        settings: What to read, with which models, and where to write.
        models: The models, with their files.
        root: Where to write.
        ledger: The consent ledger, if one is named.
        since: Versions of tables whose rows are left out.
    """

    settings: ScoreSettings
    models: Sequence[Model]
    root: OutputRoot
    ledger: RunLedger | None = None
    since: Sequence[TableVersion] = ()


def plan_run(settings: ScoreSettings, since: Sequence[TableVersion] = ()) -> RunPlan:
    """Find the models, the consent ledger and the run to compare with, and check what is asked of them.

    Nothing is written. What only Spark can tell is checked by `mh_batch.scoring.run.execute`.

    Args:
        settings: Of the run.
        since: Versions of tables whose rows are left out.

    Raises:
        ModelError: a model cannot be had.
        SettingsError: two models have one name, a threshold fits none, or an engine does not fit a model.
        LedgerError: there is no consent ledger at the location.
        RunNotFoundError: there is no published run to compare with.
        UsageError: the ledger is to be read as of a time that is still to come.
    """
    models, root = _locate_models(settings), OutputRoot.at(settings.output)
    ledger = RunLedger.named(settings)
    if settings.against is not None:
        root.resolve(settings.against)
    return RunPlan(settings, models, root, ledger, since)


def _locate_models(settings: ScoreSettings) -> list[Model]:
    models = [locate_model(name, settings.models_dir) for name in dict.fromkeys(settings.model)]
    names = [model.card.name for model in models]
    if len(set(names)) < len(names):
        raise SettingsError(f"two models have the same name: {', '.join(names)}; rename one of their folders")
    check_thresholds([model.card for model in models], settings.threshold)
    for model in models:
        execution = choose_execution(model, settings.engine, settings.precision)
        if execution.engine == "onnx" and settings.device == "cuda":
            raise SettingsError("engine onnx and precision int8 run on the CPU: leave --device out, or choose another")
    return models

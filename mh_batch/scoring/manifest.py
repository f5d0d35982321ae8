"""The contents of a run's manifest. Written last, it is what makes a run exist."""

import platform
from collections.abc import Mapping
from typing import Any

from mh_batch._version import __version__
from mh_batch.common.hardware import versions_of
from mh_batch.corpus import Corpus
from mh_batch.inference import Execution
from mh_batch.models import Model
from mh_batch.output import KEY_CHECK
from mh_batch.scoring.context import RunContext
from mh_batch.scoring.stage_timer import utc_now
from mh_batch.spark import Placement
from mh_batch.validation import ValidationResult

_VERSIONS_OF = ("pyspark", "torch", "transformers", "tokenizers", "great_expectations", "pyarrow", "py3langid")


def versions() -> dict[str, str]:
    """Return the versions of what decides the results."""
    return {"mh_batch": __version__, "python": platform.python_version(), **versions_of(_VERSIONS_OF)}


def model_entry(
    model: Model, execution: Execution, placement: Placement, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what the manifest says of a model.

    Args:
        model: The model.
        execution: Engine and precision.
        placement: Where it computed.
        thresholds: By which its labels were given.
    """
    card = model.card.model_dump(
        mode="json",
        include={"name", "title", "task", "labels", "negative_label", "max_tokens", "overlap", "fold", "languages"}
        | {"aliases", "licence", "citation", "intended_use", "limits", "error_rates"},
    )
    return {
        **card,
        "fingerprint": model.fingerprint(execution.precision),
        "origin": model.origin,
        "sha256": dict(model.digests),
        "engine": execution.engine,
        "precision": execution.precision,
        "device": placement.kind,
        "gpus": list(placement.names),
        "thresholds": dict(thresholds),
    }


def describe_run(
    run: RunContext, corpus: Corpus, validation: ValidationResult, throughput: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """Return what the manifest says of a run before its report; stages that end later join it.

    Args:
        run: The run.
        corpus: What it read.
        validation: Of its tables.
        throughput: Of each model, by the name of its card.
    """
    settings, ledger = run.settings, run.plan.ledger
    models = [
        model_entry(model, run.execution(model), run.placement_of(model), run.thresholds(model))
        for model in run.plan.models
    ]
    return {
        "run_id": run.run_id,
        "previous": run.previous,
        "started_at": run.started_at,
        "mh_batch_version": __version__,
        "versions": versions(),
        "inputs": list(settings.input),
        "tables": [table.as_dict() for table in corpus.tables],
        "consent_basis": settings.consent_basis,
        "consent": ledger.as_dict() if ledger else None,
        "settings": settings.model_dump(mode="json"),
        KEY_CHECK: run.key.check,
        "models": models,
        "counts": validation.counts.as_dict(),
        "bad_files": [{"file": file.uri, "cause": file.cause} for file in corpus.bad_files],
        "throughput": throughput,
        "stages": run.timer.ended,
        "validation": validation.as_dict(),
        "finished_at": utc_now(),
    }

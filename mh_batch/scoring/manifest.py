"""What a run's manifest says. Written last, it is what makes a run exist."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mh_batch._version import __version__
from mh_batch.common.hardware import versions_of
from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.spark.devices import Placement

_VERSIONS_OF = ("pyspark", "torch", "transformers", "tokenizers", "great_expectations", "pyarrow", "py3langid")


def versions() -> dict[str, str]:
    """Return the versions of what decides the results."""
    return {"mh_batch": __version__, "python": platform.python_version(), **versions_of(_VERSIONS_OF)}


def model_entry(
    model: Model, execution: Execution, placement: Placement, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Return what the manifest says of a model."""
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


def now() -> str:
    """Return the time, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")

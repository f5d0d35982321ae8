"""Scores large text collections for mental-health indicators; an indicator, not a diagnosis.

`score_corpus` and `open_run` are imported on first use, so that reading texts with a model
(`mh_batch.inference`) needs neither Spark nor Great Expectations.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mh_batch._version import __version__

if TYPE_CHECKING:
    from mh_batch.output import PublishedRun, open_run
    from mh_batch.scoring.run import score_corpus
    from mh_batch.settings import ReportSettings, ScoreSettings

__all__ = ["PublishedRun", "ReportSettings", "ScoreSettings", "__version__", "open_run", "score_corpus"]

_HOMES = {
    "PublishedRun": "mh_batch.output.published",
    "open_run": "mh_batch.output.published",
    "score_corpus": "mh_batch.scoring.run",
    "ReportSettings": "mh_batch.settings",
    "ScoreSettings": "mh_batch.settings",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: the type depends on the name
    if name not in _HOMES:
        raise AttributeError(f"module 'mh_batch' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)

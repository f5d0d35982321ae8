"""Scores large text collections for mental-health indicators; an indicator, not a diagnosis.

`score_corpus` and `open_run` are imported on first use, so that reading texts with a model
(`mh_batch.inference`) needs neither Spark nor Great Expectations.
"""

from typing import TYPE_CHECKING

from mh_batch._version import __version__
from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.output import PublishedRun, open_run
    from mh_batch.scoring.run import score_corpus
    from mh_batch.settings import ReportSettings, ScoreSettings
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "output": ["PublishedRun", "open_run"],
            "scoring.run": ["score_corpus"],
            "settings": ["ReportSettings", "ScoreSettings"],
        },
    )

__all__ = ["PublishedRun", "ReportSettings", "ScoreSettings", "__version__", "open_run", "score_corpus"]

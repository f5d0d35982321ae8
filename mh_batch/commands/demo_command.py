"""`mh-batch demo`: a synthetic corpus, scored by both shipped models and reported."""

from mh_batch.commands.base import Command
from mh_batch.commands.run_summary import summarize_run
from mh_batch.commands.score_command import score_by
from mh_batch.settings import ScoreSettings
from mh_batch.settings.scoring_settings import DemoSettings

_CORPUS = "corpus"


def _run(settings: DemoSettings) -> int:
    from mh_batch.datasets import write_synthetic_corpus
    from mh_batch.spark import check_java

    check_java()
    corpus = write_synthetic_corpus(settings.output / _CORPUS, documents=settings.documents)
    print(f"wrote {corpus.rows} rows, {sum(corpus.broken.values())} of them broken on purpose, to {corpus.folder}")
    scoring = ScoreSettings(
        input=(str(corpus.folder),),
        output=str(settings.output / "output"),
        model=("xlmr-depression-mini", "longformer-mental-health-mini"),
    )
    print(summarize_run(score_by(scoring)))
    return 0


COMMAND = Command("demo", DemoSettings, _run, "write a synthetic corpus, score it, report, look", takes_file=False)

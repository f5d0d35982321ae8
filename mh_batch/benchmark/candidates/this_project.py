"""This project's engine and its whole job."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mh_batch.benchmark.candidates.base import Probabilities, ScoreTexts, Spec, write_documents_file


def engine(spec: Spec, precision: str = "fp32") -> ScoreTexts:
    """This project's engine, alone: the checkpoint, tokenizer and batching of the job, without Spark."""
    from mh_batch.inference import choose_execution, load_scorer
    from mh_batch.models import locate_model

    model = locate_model(spec.folder)
    wanted = spec.half if precision == "half" else precision
    device = "cuda:0" if spec.device == "cuda" else "cpu"
    scorer = load_scorer(model, choose_execution(model, "auto", wanted), device)  # type: ignore[arg-type]  # a name

    def score(texts: Sequence[str]) -> Probabilities:
        return [list(found.probabilities or ()) for found in scorer.score(texts)]

    return score


def job(spec: Spec, precision: str = "fp32") -> ScoreTexts:
    """This project's whole Spark job, from Parquet to the published and validated run with its report."""
    from mh_batch import ScoreSettings, score_corpus
    from mh_batch.models import locate_model
    from mh_batch.spark import start_session

    # Said to be in a language that the model knows, as the other candidates take all texts to be.
    languages = locate_model(spec.folder).card.languages
    session = start_session("benchmark", spec.threads)
    wanted = spec.half if precision == "half" else precision

    def score(texts: Sequence[str]) -> Probabilities:
        folder = Path(tempfile.mkdtemp())
        settings = ScoreSettings.model_validate(
            {
                "input": str(write_documents_file(texts, folder, languages[0] if languages else "en")),
                "output": str(folder / "out"),
                "model": spec.folder,
                "precision": wanted,
                "device": spec.device,
                "consent_basis": "benchmark texts",
            }
        )
        run = score_corpus(session, settings)
        labels = run.manifest["models"][0]["labels"]
        rows = run.scores().orderBy("doc_id").collect()
        shutil.rmtree(folder)
        return [[row[f"p_{label}"] for label in labels] for row in rows]

    return score

"""Labelled texts from the phrase grammar, predictions that need no model, and the command that measures."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mh_batch.cli import main
from mh_batch.datasets import load_grammar
from mh_batch.evaluation.contenders import Contender, Predictions
from mh_batch.evaluation.data.labelled_data import LabelledData
from mh_batch.evaluation.label_mapping import LabelMapping
from mh_batch.evaluation.measures.metrics import Floats
from mh_batch.inference import Execution
from mh_batch.models import Model, ModelCard

LANGUAGES = ("en", "de")
XLMR = "xlmr-depression-mini"
FAST = ["--draws", "100", "--no-speed"]


def labelled_texts(rows: int = 80, seed: int = 0) -> pd.DataFrame:
    """Texts of two languages, every other one of a low mood; two rows by each author."""
    rng = random.Random(seed)
    texts = [
        load_grammar(LANGUAGES[row // 2 % 2]).text(("depressed" if row % 2 else "neutral",), rng.randint(4, 40), rng)
        for row in range(rows)
    ]
    return pd.DataFrame(
        {
            "doc_id": [f"d{row}" for row in range(rows)],
            "text": texts,
            "label": [row % 2 for row in range(rows)],
            "language": [LANGUAGES[row // 2 % 2] for row in range(rows)],
            "author_id": [f"a{row // 2}" for row in range(rows)],
        }
    )


def write_labelled(path: Path, **changes: Any) -> str:
    """Write such texts, with columns of one's own or without those that are None."""
    frame = labelled_texts().assign(**{name: value for name, value in changes.items() if value is not None})
    frame.drop(columns=[name for name, value in changes.items() if value is None]).to_parquet(path)
    return str(path)


def labelled_rows(known: Floats, labels: Sequence[str], languages: Sequence[str] | None = None) -> LabelledData:
    """Rows without texts."""
    rows = len(known)
    return LabelledData(
        np.array([f"d{row}" for row in range(rows)], dtype=object),
        np.arange(rows),
        np.arange(rows),
        tuple(labels),
        known,
        {
            "language": np.array(languages or ["en"] * rows, dtype=object),
            "length_band": np.array(["3-8"] * rows, dtype=object),
            "source": np.array(["unknown"] * rows, dtype=object),
        },
    )


def said_by(
    name: str, probabilities: Floats, labels: Sequence[str], languages: tuple[str, ...] = (), threshold: float = 0.5
) -> Predictions:
    """Predictions of a model of independent labels that has no weights."""
    card = ModelCard(
        name=name, title=name, task="multi_label", labels=tuple(labels), max_tokens=512, languages=languages
    )
    model = Model(card, Path(), Path(), tuple(labels), "made up", "0" * 64)
    contender = Contender(model, Execution("exact", "fp32"), tuple(LabelMapping(label, (label,)) for label in labels))
    return Predictions(contender, probabilities, probabilities >= threshold, {})


def run_evaluate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit code, and what it printed on standard output and error."""
    code = main(["evaluate", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err

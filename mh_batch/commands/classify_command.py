"""`mh-batch classify`: probabilities of single texts, which are not repeated."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mh_batch.commands.base import Command
from mh_batch.errors import UsageError
from mh_batch.settings.model_settings import ClassifySettings

if TYPE_CHECKING:
    from mh_batch.inference import TextScore
    from mh_batch.models import ModelCard


def _run(settings: ClassifySettings) -> int:
    from mh_batch.inference import load_scorer
    from mh_batch.models import locate_model

    texts = list(_texts(settings.text))
    for model in [locate_model(name, settings.models_dir) for name in settings.model]:
        for number, scored in enumerate(load_scorer(model).score(texts), start=1):
            row = _row(number, model.card, scored)
            print(json.dumps(row) if settings.as_json else _sentence(row))
    return 0


def _row(number: int, card: "ModelCard", scored: "TextScore") -> dict[str, Any]:
    probabilities = dict(zip(card.labels, scored.probabilities, strict=True)) if scored.probabilities else None
    return {
        "text": number,
        "model": card.name,
        "probabilities": probabilities,
        "n_tokens": scored.n_tokens,
        "n_windows": scored.n_windows,
        "failure": scored.failure,
    }


def _texts(given: Iterable[str]) -> Iterator[str]:
    lines = list(given) or [line.rstrip("\n") for line in sys.stdin]
    texts = [line for line in lines if line.strip()]
    if not texts:
        raise UsageError("no text to classify: give it as an argument, or as lines of standard input")
    yield from texts


def _sentence(row: Mapping[str, Any]) -> str:
    if row["probabilities"] is None:
        return f"text {row['text']}, {row['model']}: could not be scored ({row['failure']})"
    likeliest_first = sorted(row["probabilities"].items(), key=lambda pair: -pair[1])
    said = "  ".join(f"{label} {probability:.4f}" for label, probability in likeliest_first)
    return f"text {row['text']}, {row['model']}: {said}"


COMMAND = Command("classify", ClassifySettings, _run, "probabilities of single texts, without Spark", takes_file=False)

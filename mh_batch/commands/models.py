"""Commands on models and single texts."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mh_batch.commands.outcome import print_rows
from mh_batch.errors import ModelError, UsageError, nearest

if TYPE_CHECKING:
    from mh_batch.inference import TextScore
    from mh_batch.models import ModelCard

_DEFAULT_MODEL = "xlmr-depression-mini"


def models(arguments: argparse.Namespace) -> int:
    """List the model cards with where their weights are, or show one card."""
    from mh_batch.models import load_cards

    if arguments.name is None:
        print_rows([_model_row(card, arguments.models_dir) for card in load_cards().values()], False)
        return 0
    if arguments.name not in load_cards():
        raise ModelError(f"no card '{arguments.name}': {nearest(arguments.name, load_cards())}")
    card = load_cards()[arguments.name].model_dump(mode="json", exclude_defaults=True)
    print(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=100), end="")
    return 0


def _model_row(card: "ModelCard", models_dir: Path | None) -> dict[str, object]:
    from mh_batch.models import weights_at_hand

    return {
        "model": card.name,
        "task": card.task,
        "labels": ",".join(card.labels),
        "languages": ",".join(card.languages),
        "weights": weights_at_hand(card, models_dir),
    }


def classify(arguments: argparse.Namespace) -> int:
    """Print the probabilities of single texts. The texts themselves are not repeated."""
    from mh_batch.inference import load_scorer
    from mh_batch.models import locate_model

    texts = list(_texts(arguments.text))
    for model in [locate_model(name, arguments.models_dir) for name in arguments.model or [_DEFAULT_MODEL]]:
        for number, scored in enumerate(load_scorer(model).score(texts), start=1):
            row = _classified(number, model.card, scored)
            print(json.dumps(row) if arguments.json else _sentence(row))
    return 0


def _classified(number: int, card: "ModelCard", scored: "TextScore") -> dict[str, Any]:
    probabilities = dict(zip(card.labels, scored.probabilities, strict=True)) if scored.probabilities else None
    return {
        "text": number,
        "model": card.name,
        "probabilities": probabilities,
        "n_tokens": scored.n_tokens,
        "n_windows": scored.n_windows,
        "failure": scored.failure,
    }


def _texts(arguments: list[str]) -> Iterator[str]:
    lines = arguments or [line.rstrip("\n") for line in sys.stdin]
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

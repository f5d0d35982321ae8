"""`mh-batch models`: the model cards, with where their weights are, or one of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mh_batch.commands.base import Command
from mh_batch.commands.run_summary import print_rows
from mh_batch.errors import ModelError, nearest
from mh_batch.settings.model_settings import ModelsSettings

if TYPE_CHECKING:
    from mh_batch.models import ModelCard


def _run(settings: ModelsSettings) -> int:
    from mh_batch.models import load_cards

    if settings.name is None:
        print_rows([_row(card, settings.models_dir) for card in load_cards().values()], False)
        return 0
    if settings.name not in load_cards():
        raise ModelError(f"no card '{settings.name}': {nearest(settings.name, load_cards())}")
    card = load_cards()[settings.name].model_dump(mode="json", exclude_defaults=True)
    print(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=100), end="")
    return 0


def _row(card: "ModelCard", models_dir: Path | None) -> dict[str, object]:
    from mh_batch.models import weights_at_hand

    return {
        "model": card.name,
        "task": card.task,
        "labels": ",".join(card.labels),
        "languages": ",".join(card.languages),
        "weights": weights_at_hand(card, models_dir),
    }


COMMAND = Command("models", ModelsSettings, _run, "list the model cards, or show one", takes_file=False)

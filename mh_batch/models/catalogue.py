"""The cards that come with the package."""

from functools import cache
from importlib.resources import files

import yaml

from mh_batch.models.card import ModelCard


@cache
def load_cards() -> dict[str, ModelCard]:
    """Return the cards in `mh_batch/models/cards/` by name."""
    entries = sorted((files("mh_batch.models") / "cards").iterdir(), key=lambda entry: entry.name)
    cards = [ModelCard.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8"))) for entry in entries]
    return {card.name: card for card in cards}


def known_languages() -> tuple[str, ...]:
    """Languages that any card names, ISO 639-1: what language detection chooses among."""
    return tuple(sorted({language for card in load_cards().values() for language in card.languages}))

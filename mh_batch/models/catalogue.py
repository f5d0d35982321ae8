"""The cards that come with the package, and those that lie in model folders."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from mh_batch.errors import ModelError
from mh_batch.models.card import ModelCard

CARD_FILE = "mh_batch_card.yaml"


@cache
def load_cards() -> dict[str, ModelCard]:
    """Return the cards in `mh_batch/models/cards/` by name."""
    entries = sorted((files("mh_batch.models") / "cards").iterdir(), key=lambda entry: entry.name)
    cards = [ModelCard.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8"))) for entry in entries]
    return {card.name: card for card in cards}


def known_languages() -> tuple[str, ...]:
    """Languages that any card names, ISO 639-1: what language detection chooses among."""
    return tuple(sorted({language for card in load_cards().values() for language in card.languages}))


def card_in(folder: Path) -> ModelCard | None:
    """Return the card that a model folder carries, or None; ModelError if it is not sound."""
    path = folder / CARD_FILE
    return read_card(path) if path.is_file() else None


def read_card(path: Path) -> ModelCard:
    """Read a card from a YAML file.

    Raises:
        ModelError: the file cannot be read, or what it says is no card.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"the card {path} cannot be read ({type(error).__name__})") from None
    return parse_card(text, str(path))


def parse_card(text: str, where: str) -> ModelCard:
    """Return the card that YAML describes; ModelError if it describes none, with what is wrong and `where`."""
    try:
        return ModelCard.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        raise ModelError(f"the card {where} is not valid YAML{f': line {line.line + 1}' if line else ''}") from None
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'card'}: {one['msg']}" for one in error.errors()]
        raise ModelError(f"the card {where} is not sound: {'; '.join(problems)}") from None

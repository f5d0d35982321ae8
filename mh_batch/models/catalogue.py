"""The cards that come with the package, and those that lie in model folders."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from mh_batch.errors import ModelError
from mh_batch.models.card import ModelCard
from mh_batch.models.inspection.plain_yaml import MOST_CHARS, NotPlainError, load_plain_yaml

CARD_FILE = "mh_batch_card.yaml"
_MOST_PROBLEMS = 5
_CORRECT = "Correct the card, or remove it"


@cache
def load_cards() -> dict[str, ModelCard]:
    """Return the cards in `mh_batch/models/cards/` by name."""
    entries = sorted((files("mh_batch.models") / "cards").iterdir(), key=lambda entry: entry.name)
    cards = [ModelCard.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8"))) for entry in entries]
    return {card.name: card for card in cards}


def known_languages() -> tuple[str, ...]:
    """Languages that any card names, ISO 639-1: what texts are expected in."""
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
        with path.open(encoding="utf-8") as stream:
            text = stream.read(MOST_CHARS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"the card {path} cannot be read ({type(error).__name__})") from None
    return parse_card(text, str(path))


def card_as_yaml(card: ModelCard) -> str:
    """What a card's file holds: all that differs from the defaults."""
    content = card.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def parse_card(text: str, where: str) -> ModelCard:
    """Return the card that YAML describes; ModelError if it describes none, with what is wrong and `where`."""
    try:
        return ModelCard.model_validate(load_plain_yaml(text))
    except NotPlainError as error:
        raise ModelError(f"the card {where} is refused: {error}. {_CORRECT}") from None
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'card'}: {one['msg']}" for one in error.errors()]
        raise ModelError(f"the card {where} is not sound: {'; '.join(problems[:_MOST_PROBLEMS])}. {_CORRECT}") from None

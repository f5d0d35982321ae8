"""Model cards, and finding the files of a model."""

from mh_batch.models.card import CARD_FILE, ErrorRate, ModelCard, known_languages, load_cards, parse_card, read_card
from mh_batch.models.locating import locate_folder, locate_model, weights_at_hand
from mh_batch.models.model import Model, model_files

__all__ = [
    "CARD_FILE",
    "ErrorRate",
    "Model",
    "ModelCard",
    "known_languages",
    "load_cards",
    "locate_folder",
    "locate_model",
    "model_files",
    "parse_card",
    "read_card",
    "weights_at_hand",
]

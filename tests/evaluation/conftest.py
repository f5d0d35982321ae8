import shutil
from pathlib import Path

import pytest
import yaml

from mh_batch.models import CARD_FILE, Model


@pytest.fixture
def carded(xlmr_mini: Model, tmp_path: Path) -> Path:
    """A model folder that carries a card of its own."""
    folder = Path(shutil.copytree(xlmr_mini.folder, tmp_path / "my-model"))
    own = {"name": "my-own", "title": "Mine", "error_rates": ()}
    card = xlmr_mini.card.model_copy(update=own).model_dump(mode="json", exclude_defaults=True)
    (folder / CARD_FILE).write_text(yaml.safe_dump(card))
    return folder

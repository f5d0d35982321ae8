import hashlib
import shutil
from pathlib import Path

import pytest
import yaml

from mh_batch.errors import ModelError
from mh_batch.models import CARD_FILE, Model, locate_model

REVISION = "0123456789abcdef0123456789abcdef01234567"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def cached(xlmr_mini: Model, tmp_path: Path) -> Path:
    """A model as the hub's cache keeps it: files under their digests, and links from the revision to them."""
    repository = tmp_path / "models--somebody--my-model"
    snapshot = repository / "snapshots" / REVISION
    for folder in (snapshot, repository / "blobs"):
        folder.mkdir(parents=True)
    for path in xlmr_mini.folder.iterdir():
        shutil.copyfile(path, repository / "blobs" / sha256(path))
        (snapshot / path.name).symlink_to(Path("..", "..", "blobs", sha256(path)))
    return snapshot


def pin(folder: Path, **digests: str) -> None:
    content = yaml.safe_load((folder / CARD_FILE).read_text())
    (folder / CARD_FILE).write_text(yaml.safe_dump({**content, "hub": {"name": "a/b", "sha256": digests}}))


def test_the_digests_of_all_files_that_decide_scores_are_known(xlmr_mini: Model) -> None:
    expected = {path.name: sha256(path) for path in xlmr_mini.folder.iterdir()}
    assert xlmr_mini.digests == expected


def test_files_that_the_card_pins_are_taken_and_others_refused(carded: Path) -> None:
    right = sha256(carded / "model.safetensors")
    pin(carded, **{"model.safetensors": right})
    assert locate_model(str(carded)).digests["model.safetensors"] == right
    pin(carded, **{"model.safetensors": right, "config.json": "0" * 64})
    with pytest.raises(ModelError, match=r"config\.json is refused: card 'my-own' means a file with the SHA-256 000"):
        locate_model(str(carded))


def test_a_file_that_is_pinned_and_missing_is_refused(carded: Path) -> None:
    pin(carded, **{"vocab.txt": "0" * 64})
    with pytest.raises(ModelError, match=r"vocab\.txt is refused"):
        locate_model(str(carded))


def test_links_inside_of_the_hubs_cache_are_followed_and_what_they_lead_to_is_checked(cached: Path) -> None:
    assert locate_model(str(cached)).digests["model.safetensors"] == (cached / "model.safetensors").resolve().name
    tokenizer = cached / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text() + " ")
    with pytest.raises(ModelError, match=r"tokenizer_config\.json is refused: it is not what the hub holds"):
        locate_model(str(cached))


@pytest.mark.parametrize(
    ("asked", "hint"), [("", f"pinned: --model somebody/my-model@{REVISION}"), (f"@{REVISION}", "")]
)
def test_a_revision_from_the_hub_that_was_not_pinned_is_told_with_how_to_pin_it(
    cached: Path, monkeypatch: pytest.MonkeyPatch, asked: str, hint: str
) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *arguments, **settings: str(cached))
    model = locate_model(f"somebody/my-model{asked}")
    assert model.origin.startswith(f"hub somebody/my-model@{REVISION}")
    assert hint in model.origin
    assert ("not pinned" in model.origin) == bool(hint)

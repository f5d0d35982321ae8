"""Models found by name: a local folder, a shipped one, the models folder, or the hub."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mh_batch.errors import ModelError, nearest
from mh_batch.models import checkpoint, inspection
from mh_batch.models.card import ModelCard, card_in, load_cards
from mh_batch.models.model import Model, check_digests, file_digests, joined_digest

_HUB_FILES = ["config.json", "*.safetensors", "*.safetensors.index.json", "*token*.json"]
_HUB_FILES += ["vocab.*", "merges.txt", "*.model"]


@cache
def shipped_folder(name: str) -> Path | None:
    """Return the folder of a model that ships with the package, or None if it does not.

    Where the package lies in a zip (`spark-submit --py-files`), the model's files are unpacked once per process.
    """
    packed = files("mh_batch.models") / "shipped" / name
    if not packed.is_dir():
        return None
    return packed if isinstance(packed, Path) else _unpack(packed)


def _unpack(packed: Traversable) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mh-batch-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for entry in packed.iterdir():
        (folder / entry.name).write_bytes(entry.read_bytes())
    return folder


@dataclass(frozen=True)
class _Found:
    folder: Path
    origin: str
    name: str = ""


@dataclass
class _Search:
    """A search: its name, and every place that was tried."""

    name: str
    models_dir: Path | None
    tried: list[str] = field(default_factory=list)


def locate_model(name: str, models_dir: Path | None = None) -> Model:
    """Find a model and read its card: the one in its folder (`mh_batch_card.yaml`), else the package's.

    Args:
        name: Card name, local folder, or hub name (`owner/model`, optionally `@revision`).
        models_dir: Folder with one sub-folder per model, for machines without a hub.

    Raises:
        ModelError: the model cannot be had (the message lists what was tried and how to get it), or its files
            cannot be used.
    """
    card = _card_of(name)
    search = _Search(name, models_dir)
    found = _first(search, card)
    inspection.check_folder(found.folder)
    return _open(found, card_in(found.folder) or card or load_cards().get(found.folder.name), search)


def locate_folder(name: str, models_dir: Path | None = None) -> Path:
    """Find the files of a checkpoint that need not be a classifier, such as one to train from.

    Raises:
        ModelError: it cannot be had; the message lists what was tried and how to get it.
    """
    return _first(_Search(name, models_dir), _card_of(name)).folder


def weights_at_hand(card: ModelCard, models_dir: Path | None = None) -> str:
    """Return where a card's weights are on this machine, or that the hub has them; asks no network."""
    search = _Search(card.name, models_dir)
    for look in (_in_models_dir, _shipped):
        for found in look(search, card):
            return found.origin
    return f"hub: {card.hub.name}" if card.hub else "not here"


def _card_of(name: str) -> ModelCard | None:
    bare = name.partition("@")[0]
    by_hub_name = {card.hub.name: card for card in load_cards().values() if card.hub}
    return load_cards().get(bare) or by_hub_name.get(bare)


def _first(search: _Search, card: ModelCard | None) -> _Found:
    looks: list[Callable[[_Search, ModelCard | None], Iterator[_Found]]] = [_local, _in_models_dir, _shipped, _on_hub]
    for look in looks:
        for found in look(search, card):
            return found
    raise ModelError(_not_found(search, card))


def _local(search: _Search, card: ModelCard | None) -> Iterator[_Found]:
    folder = Path(search.name).expanduser()
    if folder.is_dir() and card is None:
        yield _Found(folder.resolve(), f"folder {folder.resolve()}", folder.resolve().name)
    elif card is None:
        search.tried.append(f"the folder {folder}")


def _shipped(search: _Search, card: ModelCard | None) -> Iterator[_Found]:
    folder = shipped_folder(card.name) if card and "@" not in search.name else None
    if folder:
        yield _Found(folder, "shipped with mh-batch")


def _in_models_dir(search: _Search, card: ModelCard | None) -> Iterator[_Found]:
    if search.models_dir is None:
        search.tried.append("no --models-dir was given")
        return
    for spelling in _spellings(search.name, card):
        folder = search.models_dir / spelling
        if folder.is_dir():
            yield _Found(folder.resolve(), f"folder {folder.resolve()}", spelling)
        search.tried.append(f"the folder {folder}")


def _spellings(name: str, card: ModelCard | None) -> list[str]:
    """Names that a model's folder may have: as asked for, as on its card or hub, also with `--` for `/`."""
    names = [name]
    # The revision of a folder is not known, unless it is part of its name.
    if card is not None and "@" not in name:
        names += [card.name] + ([card.hub.name] if card.hub else [])
    return list(dict.fromkeys(spelling for given in names for spelling in (given, given.replace("/", "--"))))


def _on_hub(search: _Search, card: ModelCard | None) -> Iterator[_Found]:
    name, _, revision = search.name.partition("@")
    if card is not None and card.hub is None:
        return
    if card is not None and card.hub is not None:
        name, revision = card.hub.name, revision or card.hub.revision
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        return
    folder = _download(name, revision or "main", search)
    if folder:
        pinned = "" if revision == folder.name else f" (not pinned: --model {name}@{folder.name} pins it)"
        yield _Found(folder, f"hub {name}@{folder.name}{pinned}", name)


def _download(name: str, revision: str, search: _Search) -> Path | None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=_HUB_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        search.tried.append(f"the hub and its local cache for {name}@{revision} ({type(error).__name__})")
        return None


def _not_found(search: _Search, card: ModelCard | None) -> str:
    tried = "; ".join(search.tried)
    if card is None and "/" not in search.name:
        return f"no model '{search.name}': {nearest(search.name, load_cards())} (tried: {tried})"
    hub_name = card.hub.name if card and card.hub else search.name.partition("@")[0]
    target = hub_name.replace("/", "--")
    return (
        f"the model '{search.name}' cannot be had. Tried: {tried}. To get it offline: on a machine with network run "
        f"'hf download {hub_name} --local-dir {target}', copy that folder into a folder DIR here, "
        "and pass --models-dir DIR"
    )


def _open(found: _Found, card: ModelCard | None, search: _Search) -> Model:
    checkpoint.check_weights(found.folder)
    config = checkpoint.read_config(found.folder)
    if card is None:
        card = checkpoint.generic_card(found.name, config)
        outputs = card.labels
    else:
        card = _within_reach(card, checkpoint.longest_input(config))
        outputs = checkpoint.output_labels(config, card)
    checkpoint.check_content(found.folder, config, len(outputs))
    tokenizer = _tokenizer_folder(found, card, search)
    inspection.check_folder(tokenizer)
    inspection.check_tokenizer(tokenizer)
    digests = file_digests(found.folder, tokenizer)
    check_digests(found.folder, digests, card, pinned="@" not in search.name)
    digest, version = joined_digest(digests), _scoring_version(config, tokenizer)
    return Model(card, found.folder, tokenizer, outputs, found.origin, digest, digests, version)


def _scoring_version(config: dict[str, Any], tokenizer: Path) -> int:
    """2 for models of which version 1 padded windows, or ignored tokens declared outside `tokenizer.json`."""
    respected = not inspection.is_taken_as_it_stands(tokenizer) or inspection.is_said_by_one_file(tokenizer)
    return 1 if config.get("model_type") in inspection.EXACT_FAMILIES and respected else 2


def _within_reach(card: ModelCard, longest: int | None) -> ModelCard:
    """A checkpoint may take less than its card says: positions beyond its table do not exist."""
    if longest is None or card.max_tokens <= longest:
        return card
    return card.model_copy(update={"max_tokens": longest, "overlap": min(card.overlap, longest // 8)})


def _tokenizer_folder(found: _Found, card: ModelCard, search: _Search) -> Path:
    if checkpoint.has_tokenizer(found.folder):
        return found.folder
    if card.tokenizer is None:
        raise ModelError(f"{found.folder} holds no tokenizer: expected one of {', '.join(checkpoint.TOKENIZER_FILES)}")
    own = _Search(card.tokenizer, search.models_dir)
    for look in (_in_models_dir, _on_hub):
        for tokenizer in look(own, None):
            return tokenizer.folder
    raise ModelError(_not_found(own, None))

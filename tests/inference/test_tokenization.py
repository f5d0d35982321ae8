"""Tokenizers that other files than `tokenizer.json` speak of, against transformers' own reading of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from mh_batch.errors import PlatformError
from mh_batch.inference import TextTokenizer, tokenization
from mh_batch.models import Model

TEXTS = ["I met <USER> at the [PLACE] today.", "a <pad> in </s> the text", " <mask> it  was a  calm day"]
TOKEN = {
    "content": "<USER>",
    "single_word": False,
    "lstrip": False,
    "rstrip": False,
    "normalized": False,
    "special": True,
}


def settings(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def added(folder: Path) -> None:
    (folder / "added_tokens.json").write_text(json.dumps({"[PLACE]": 5999}))


def special(folder: Path) -> None:
    (folder / "special_tokens_map.json").write_text(json.dumps({"additional_special_tokens": ["<USER>", "[PLACE]"]}))


@pytest.mark.parametrize(
    ("change", "is_plain"),
    [
        (settings(), True),
        (settings(added_tokens_decoder={"5999": TOKEN}), False),
        (settings(additional_special_tokens=["<USER>"]), False),
        (settings(extra_special_tokens=["<USER>", "[PLACE]"]), False),
        (settings(extra_special_tokens={"user_token": "<USER>"}), False),
        (settings(split_special_tokens=True), False),
        (settings(mask_token="[PLACE]"), False),
        (settings(added_tokens_decoder={"4": {**TOKEN, "content": "<mask>", "lstrip": True}}), False),
        (added, False),
        (special, False),
    ],
    ids=["nothing", "decoder", "additional", "extra", "named extra", "split", "mask", "flags", "added", "map"],
)
def test_what_is_declared_elsewhere_applies(
    longformer_mini: Model, tmp_path: Path, change: Callable[[Path], None], is_plain: bool
) -> None:
    folder = Path(shutil.copytree(longformer_mini.tokenizer_folder, tmp_path / "model"))
    change(folder)
    assert tokenization._is_plain(folder) == is_plain
    reference = AutoTokenizer.from_pretrained(folder)
    found = TextTokenizer(folder).encode(TEXTS)
    rows = [found.ids[start:end].tolist() for start, end in zip(found.offsets, found.offsets[1:], strict=False)]
    assert rows == [reference(text, add_special_tokens=False)["input_ids"] for text in TEXTS]


def sentencepiece_folder(tmp_path: Path) -> Path:
    trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer
    folder = tmp_path / "xlmr"
    folder.mkdir()
    words = tmp_path / "words.txt"
    words.write_text("".join(f"today i walked {n} miles along the river and thought about it\n" for n in range(200)))
    trainer.train(input=str(words), model_prefix=str(folder / "sentencepiece.bpe"), vocab_size=50, minloglevel=2)
    (folder / "sentencepiece.bpe.vocab").unlink()
    (folder / "config.json").write_text(json.dumps({"model_type": "xlm-roberta"}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "XLMRobertaTokenizer"}))
    return folder


def test_a_vocabulary_of_sentencepiece_alone_is_read_as_sentencepiece_reads_it(tmp_path: Path) -> None:
    folder = sentencepiece_folder(tmp_path)
    from sentencepiece import SentencePieceProcessor

    text = "today i walked along the river"
    pieces = SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model")).encode(text)
    # fairseq's vocabularies begin with a token more.
    assert TextTokenizer(folder).encode([text]).ids.tolist() == [piece + 1 for piece in pieces]


def test_without_the_package_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sentencepiece_folder(tmp_path)
    monkeypatch.setattr(tokenization, "find_spec", lambda package: None)
    with pytest.raises(PlatformError, match=r"pip install 'mh-batch\[sentencepiece\]'"):
        TextTokenizer(folder)

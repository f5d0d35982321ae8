import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from mh_batch.errors import ModelError
from mh_batch.inference import load_scorer
from mh_batch.models import CARD_FILE, Model, load_cards, locate_model, weights_at_hand


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The client reads its settings when it is imported; an unreachable address answers at once either way.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def folder(xlmr_mini: Model, tmp_path: Path) -> Path:
    """A copy of a shipped model's files, to be broken."""
    return Path(shutil.copytree(xlmr_mini.folder, tmp_path / "my-model"))


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_shipped_model_is_found_by_its_name(xlmr_mini: Model) -> None:
    assert xlmr_mini.origin == "shipped with mh-batch"
    assert xlmr_mini.outputs == ("not_depressed", "depressed")


def test_each_shipped_model_takes_at_most_ten_megabytes(xlmr_mini: Model, longformer_mini: Model) -> None:
    for model in (xlmr_mini, longformer_mini):
        assert sum(path.stat().st_size for path in model.folder.iterdir()) <= 10_000_000


def test_a_folder_without_a_card_gets_its_own_labels_and_stated_defaults(folder: Path) -> None:
    edit_config(folder, id2label={"0": "Not Sad", "1": "Sad"}, label2id={"Not Sad": 0, "Sad": 1})
    model = locate_model(str(folder))
    assert model.card.name == "my-model"
    assert model.card.labels == model.outputs == ("not_sad", "sad")
    assert (model.card.task, model.card.max_tokens, model.card.overlap, model.card.fold) == (
        "single_label",
        512,
        64,
        "mean",
    )
    assert model.card.languages == ()


def test_a_checkpoint_that_calls_itself_multi_label_gets_sigmoids(folder: Path) -> None:
    edit_config(folder, problem_type="multi_label_classification")
    assert locate_model(str(folder)).card.task == "multi_label"


@pytest.mark.parametrize("name", ["xlmr-depression", "malexandersalazar--xlm-roberta-base-cls-depression"])
def test_a_card_finds_its_checkpoint_in_the_models_folder(folder: Path, name: str) -> None:
    folder.rename(folder.parent / name)
    model = locate_model("xlmr-depression", folder.parent)
    assert (model.card.name, model.origin) == ("xlmr-depression", f"folder {folder.parent / name}")


def test_a_seeds_checkpoint_without_label_names_is_read_through_the_aliases(folder: Path) -> None:
    edit_config(folder, id2label={"0": "LABEL_0", "1": "LABEL_1"}, label2id={"LABEL_0": 0, "LABEL_1": 1})
    target = folder.rename(folder.parent / "xlmr-depression")
    assert locate_model(str(target)).outputs == ("not_depressed", "depressed")


def test_outputs_in_another_order_than_the_cards_are_kept_in_the_checkpoints(folder: Path) -> None:
    edit_config(folder, id2label={"0": "depressed", "1": "not_depressed"}, label2id={})
    target = folder.rename(folder.parent / "xlmr-depression")
    model = locate_model(str(target))
    assert model.outputs == ("depressed", "not_depressed")
    assert model.card.labels == ("not_depressed", "depressed")


def test_foreign_labels_are_refused(folder: Path) -> None:
    edit_config(folder, id2label={"0": "cat", "1": "dog"}, label2id={})
    target = folder.rename(folder.parent / "xlmr-depression")
    with pytest.raises(ModelError, match=r"labels \['cat', 'dog'\] are not those of card 'xlmr-depression'"):
        locate_model(str(target))


def test_a_pickle_is_refused_with_the_way_to_convert_it(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"refused\. Convert it .*save_pretrained"):
        locate_model(str(folder))


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("model.safetensors", "holds no weights"),
        ("config.json", "holds no config.json"),
        ("tokenizer.json", "holds no tokenizer"),
    ],
)
def test_a_missing_file_is_named(folder: Path, missing: str, message: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=message):
        locate_model(str(folder))


def test_an_unreadable_configuration_is_named(folder: Path) -> None:
    (folder / "config.json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match=r"config\.json is refused: it is nested too deeply"):
        locate_model(str(folder))


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_file_is_an_error_of_the_model(folder: Path, file: str) -> None:
    (folder / file).write_bytes((folder / file).read_bytes()[:1000])
    with pytest.raises(ModelError, match=f"{file} is refused"):
        load_scorer(locate_model(str(folder)))


def test_a_model_that_cannot_be_had_says_what_was_tried_and_how_to_get_it_offline(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        locate_model("xlmr-depression", tmp_path)
    message = str(error.value)
    assert str(tmp_path / "xlmr-depression") in message
    assert "the hub and its local cache for malexandersalazar/xlm-roberta-base-cls-depression@main" in message
    assert "hf download malexandersalazar/xlm-roberta-base-cls-depression --local-dir" in message
    assert "--models-dir" in message


def test_a_misspelt_name_is_answered_with_the_nearest_card() -> None:
    with pytest.raises(ModelError, match="did you mean 'xlmr-depression'"):
        locate_model("xlmr-depresion")


def test_a_revision_may_be_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cls-depression@v2 "):
        locate_model("malexandersalazar/xlm-roberta-base-cls-depression@v2", tmp_path)


def test_the_fingerprint_changes_with_whatever_changes_a_score(folder: Path) -> None:
    model = locate_model(str(folder))
    prints = {model.fingerprint("fp32"), model.fingerprint("bf16")}
    for change in ({"max_tokens": 256}, {"overlap": 10}, {"fold": "max"}):
        changed = Model(**{**vars(model), "card": model.card.model_copy(update=change)})
        prints.add(changed.fingerprint("fp32"))
    edit_config(folder, layer_norm_eps=1e-3)
    prints.add(locate_model(str(folder)).fingerprint("fp32"))
    assert len(prints) == 6


def test_the_fingerprint_does_not_change_with_the_place(folder: Path) -> None:
    before = locate_model(str(folder)).fingerprint("fp32")
    assert locate_model(str(shutil.copytree(folder, folder.parent / "other"))).fingerprint("fp32") == before


def test_the_list_of_models_says_where_the_weights_are(tmp_path: Path) -> None:
    cards = load_cards()
    assert weights_at_hand(cards["xlmr-depression-mini"]) == "shipped with mh-batch"
    assert weights_at_hand(cards["deproberta-large"], tmp_path) == "hub: rafalposwiata/deproberta-large-depression"


def test_a_checkpoint_that_takes_less_than_its_card_says_gets_shorter_windows_with_room(folder: Path) -> None:
    edit_config(folder, max_position_embeddings=62)
    weights = load_file(folder / "model.safetensors")
    table = "roberta.embeddings.position_embeddings.weight"
    save_file({**weights, table: weights[table][:62].copy()}, folder / "model.safetensors")
    card = locate_model(str(folder.rename(folder.parent / "xlmr-depression"))).card
    assert (card.max_tokens, card.overlap) == (60, 7)


def test_a_revision_is_not_taken_for_granted_in_a_folder(folder: Path) -> None:
    folder.rename(folder.parent / "xlmr-depression")
    with pytest.raises(ModelError, match="cannot be had"):
        locate_model("xlmr-depression@v2", folder.parent)


def test_a_model_of_ones_own_in_the_models_folder_wins_over_the_shipped_one(folder: Path) -> None:
    mine = folder.rename(folder.parent / "xlmr-depression-mini")
    assert locate_model("xlmr-depression-mini", mine.parent).folder == mine


def test_a_folder_with_a_card_is_opened_with_that_card(carded: Path) -> None:
    model = locate_model(str(carded))
    assert (model.card.name, model.card.negative_label, model.card.fold) == ("my-own", "not_depressed", "max")


def test_a_folders_own_card_wins_over_the_packages_and_changes_no_score_by_itself(carded: Path) -> None:
    target = carded.rename(carded.parent / "xlmr-depression-mini")
    found = locate_model("xlmr-depression-mini", target.parent)
    assert found.card.name == "my-own"
    (target / CARD_FILE).unlink()
    assert locate_model("xlmr-depression-mini", target.parent).fingerprint("fp32") == found.fingerprint("fp32")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: [", "is not valid YAML: line 1"),
        ("just words", "is not sound: card: "),
        ("name: a/b\ntitle: t\ntask: multi_label\nlabels: [a]\nmax_tokens: 512\n", "is not sound: name: "),
        ("name: a\ntitle: t\ntask: multi_label\nmax_tokens: 512\nlabel: [a]\n", "labels: Field required; label: Extra"),
        ("name: a\ntitle: t\ntask: multi_label\nlabels: [a, b]\nmax_tokens: 512\n", "are not those of card 'a'"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_folders_card_that_is_not_sound_is_named_with_what_is_wrong(
    carded: Path, content: str | bytes, message: str
) -> None:
    (carded / CARD_FILE).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelError) as error:
        locate_model(str(carded))
    assert message in str(error.value)

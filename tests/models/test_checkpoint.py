"""What a checkpoint's outputs are called, whether they are probabilities, and how much it reads at once."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mh_batch.errors import ModelError
from mh_batch.inference import choose_execution
from mh_batch.models import CARD_FILE, Model, locate_model
from mh_batch.models.checkpoint import longest_input
from mh_batch.models.inspection import as_labels
from mh_batch.scoring.manifest import model_entry
from mh_batch.spark import Placement
from tests.models.test_locating import edit_config


@pytest.fixture
def folder(xlmr_mini: Model, tmp_path: Path) -> Path:
    return Path(shutil.copytree(xlmr_mini.folder, tmp_path / "my-model"))


# Both are written with marks that are no letters.
HINDI = "\u0928\u0915\u093e\u0930\u093e\u0924\u094d\u092e\u0915"
THAI = "\u0e40\u0e28\u0e23\u0e49\u0e32"


@pytest.mark.parametrize(
    ("spellings", "labels"),
    [
        (("LABEL_0", "Not Sad", "self-harm"), ("label_0", "not_sad", "self_harm")),
        (("joy/happiness", "don't know", "toxic (severe)"), ("joy_happiness", "don_t_know", "toxic_severe")),
        (("<=50", ">50"), ("50", "50_2")),
        (("A-", "A+"), ("a_", "a")),
        (("Neg", "NEG", "neg!", "neg_2"), ("neg", "neg_2", "neg_3", "neg_2_2")),
        (("\U0001f600", "\u2764\ufe0f", "<>"), ("label", "label_2", "label_3")),
        ((HINDI, THAI), (HINDI, THAI)),
        (("CO\u2082", "m\u00b2", "\u00bd"), ("co", "m", "label")),
        (("Tr\u00e4ge", "Tra\u0308ge"), ("tr\u00e4ge", "tr\u00e4ge_2")),
    ],
)
def test_every_output_gets_a_label_of_its_own(spellings: tuple[str, ...], labels: tuple[str, ...]) -> None:
    assert as_labels(spellings) == labels


def test_the_original_names_stand_in_the_manifest(folder: Path) -> None:
    edit_config(folder, id2label={"0": "joy/happiness", "1": "don't know"}, label2id={})
    model = locate_model(str(folder))
    assert model.card.labels == model.outputs == ("joy_happiness", "don_t_know")
    entry = model_entry(model, choose_execution(model), Placement(), {})
    assert entry["aliases"] == {"joy/happiness": "joy_happiness", "don't know": "don_t_know"}


@pytest.mark.parametrize(
    ("problem", "outputs"), [("regression", 1), ("regression", 2), ("single_label_classification", 1)]
)
def test_numbers_that_are_no_probabilities_are_refused_unless_a_card_says_what_they_are(
    folder: Path, problem: str, outputs: int
) -> None:
    edit_config(folder, problem_type=problem, id2label={str(n): f"grade {n}" for n in range(outputs)}, label2id={})
    with pytest.raises(ModelError, match=rf"does not say probabilities.*type {problem}, {outputs} out"):
        locate_model(str(folder))
    labels = [f"grade_{n}" for n in range(outputs)]
    card = {"name": "graded", "title": "Grades", "task": "multi_label", "labels": labels, "max_tokens": 512}
    (folder / CARD_FILE).write_text(yaml.safe_dump(card))
    if outputs == 2:  # the weights of the folder have as many
        assert locate_model(str(folder)).card.name == "graded"


ROWS = {"max_position_embeddings": 130}


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"model_type": "bert", **ROWS}, 130),
        ({"model_type": "roberta", **ROWS, "pad_token_id": 1}, 128),
        ({"model_type": "roberta", **ROWS, "pad_token_id": 0}, 129),
        *[
            ({"model_type": name, **ROWS}, 128)
            for name in ("mpnet", "data2vec-text", "roberta-prelayernorm", "xlm-roberta-xl", "xmod", "ibert", "esm")
        ],
        ({"model_type": "gpt2", "n_positions": 64}, 64),
        ({"model_type": "mpt", "max_seq_len": 70}, 70),
        ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", **ROWS}}, 130),
        ({"model_type": "t5"}, None),
    ],
)
def test_the_longest_input_is_what_the_positions_allow(config: dict[str, Any], longest: int | None) -> None:
    assert longest_input(config) == longest


def test_a_card_may_say_how_much_a_model_without_positions_reads(folder: Path) -> None:
    card = {"name": "long", "title": "Long", "task": "single_label", "labels": ["no", "yes"], "max_tokens": 2048}
    (folder / CARD_FILE).write_text(yaml.safe_dump(card))
    edit_config(folder, id2label={"0": "no", "1": "yes"}, label2id={})
    assert locate_model(str(folder)).card.max_tokens == 512, "as many as there are positions"


def test_scores_of_before_count_where_nothing_changed_on_the_way_to_them(xlmr_mini: Model, folder: Path) -> None:
    assert xlmr_mini.scoring_version == locate_model(str(folder)).scoring_version == 1
    (folder / "added_tokens.json").write_text('{"[PLACE]": 9999}')
    respected = locate_model(str(folder))
    assert respected.scoring_version == 2
    assert respected.fingerprint("fp32") != replace(respected, scoring_version=1).fingerprint("fp32")

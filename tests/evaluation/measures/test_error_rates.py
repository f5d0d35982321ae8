from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from mh_batch.errors import ModelError, SettingsError
from mh_batch.evaluation.contenders import Contender, predict
from mh_batch.evaluation.label_mapping import label_mappings
from mh_batch.evaluation.measures.error_rates import (
    card_to_write,
    error_rates_as_yaml,
    measure_error_rates,
    write_error_rates,
)
from mh_batch.inference import Execution
from mh_batch.models import ErrorRate, Model, load_cards, parse_card
from tests.evaluation.labelled_examples import labelled_rows, said_by

CARD = """\
# Mine.
name: mine
title: My model
error_rates:
  - {label: low, language: all, sensitivity: 0.5, specificity: 0.5, positives: 1, negatives: 1}

  # An older measurement.
  - {label: low, language: en, sensitivity: 0.5, specificity: 0.5, positives: 1, negatives: 1}
task: multi_label
labels: [low]
max_tokens: 512  # as trained
"""
RATE = ErrorRate(label="low", language="all", sensitivity=0.8, specificity=0.9, positives=10, negatives=20)


def rates(languages: tuple[str, ...] = ()) -> list[ErrorRate]:
    """45 rows in English (25 low, 5 of them missed; 2 false alarms of 20), 20 low ones in German (all found)."""
    truth = np.array([1] * 25 + [0] * 20 + [1] * 20, np.float64)[:, None]
    scores = np.array([0.1] * 5 + [0.9] * 20 + [0.9] * 2 + [0.1] * 18 + [0.9] * 20)[:, None]
    data = labelled_rows(truth, ["low"], ["en"] * 45 + ["de"] * 20)
    return measure_error_rates(said_by("m", scores, ["low"], languages), data)


def test_rates_are_those_of_a_count_by_hand_and_a_language_without_negatives_has_none() -> None:
    overall, english = rates()
    assert (overall.language, overall.sensitivity, overall.specificity) == ("all", round(40 / 45, 4), 0.9)
    assert (overall.positives, overall.negatives) == (45, 20)
    assert (english.language, english.sensitivity, english.positives) == ("en", 0.8, 25)


def test_rows_in_languages_that_the_card_does_not_name_do_not_count() -> None:
    overall, english = rates(("en",))
    assert (overall.sensitivity, overall.positives) == (english.sensitivity, english.positives) == (0.8, 25)


def test_the_negative_label_of_two_has_no_entry_and_folded_labels_none_either(xlmr_mini: Model) -> None:
    data = labelled_rows(np.array([[1.0, 0.0], [0.0, 1.0]] * 30), ["depressed", "not_depressed"])
    rows = np.array([[0.2, 0.8], [0.8, 0.2]] * 30)
    execution = Execution("exact", "fp32")
    own = Contender(xlmr_mini, execution, tuple(label_mappings(xlmr_mini.card, data.labels)))
    assert {rate.label for rate in measure_error_rates(predict(own, rows, {}), data)} == {"depressed"}
    three = replace(xlmr_mini, card=load_cards()["deproberta-large"])
    folded = Contender(three, execution, tuple(label_mappings(three.card, ["depressed"])))
    assert measure_error_rates(predict(folded, np.array([[0.1, 0.1, 0.8]] * 60), {}), data) == []


def test_entries_are_written_as_they_stand_on_the_cards() -> None:
    text = error_rates_as_yaml([RATE])
    assert text.splitlines()[1].startswith("  - {label: low, language: all, sensitivity: 0.8,")
    assert yaml.safe_load(text) == {"error_rates": [RATE.model_dump()]}


def test_a_card_is_updated_in_place_and_all_else_on_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(CARD)
    said = said_by("mine", np.zeros((1, 1)), ["low"])
    write_error_rates(path, said, [RATE])
    text = path.read_text()
    assert parse_card(text, "here").error_rates == (RATE,)
    before, after = CARD.split("error_rates:")[0], "task: multi_label\nlabels: [low]\nmax_tokens: 512  # as trained\n"
    assert text == f"{before}{after}{error_rates_as_yaml([RATE])}"
    write_error_rates(path, said, [RATE])
    assert path.read_text() == text


def test_chosen_thresholds_are_written_with_the_rates_that_belong_to_them(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(CARD)
    write_error_rates(path, replace(said_by("mine", np.zeros((1, 1)), ["low"]), thresholds={"low": 0.3}), [RATE])
    card = parse_card(path.read_text(), "here")
    assert (dict(card.thresholds), card.error_rates) == ({"low": 0.3}, (RATE,))


def test_a_new_card_is_the_models_with_the_rates(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    said = said_by("mine", np.zeros((1, 1)), ["low"])
    assert card_to_write(path, [said.contender]) is said.contender
    write_error_rates(path, said, [RATE])
    assert parse_card(path.read_text(), "here") == said.contender.model.card.model_copy(update={"error_rates": (RATE,)})


def test_cards_that_cannot_be_written_are_refused_beforehand(tmp_path: Path) -> None:
    said = [said_by(name, np.zeros((1, 1)), ["low"]).contender for name in ("a", "b")]
    path = tmp_path / "card.yaml"
    with pytest.raises(SettingsError, match="evaluate one at a time"):
        card_to_write(path, said)
    path.write_text(CARD)
    with pytest.raises(SettingsError, match="is the card of mine, and measured are a, b"):
        card_to_write(path, said)
    path.write_text("name: [")
    with pytest.raises(ModelError, match="not valid YAML: line 1"):
        card_to_write(path, said)
    with pytest.raises(SettingsError, match="none of these"):
        write_error_rates(path, said_by("mine", np.zeros((1, 1)), ["low"]), [])

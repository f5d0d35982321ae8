"""The error rates that a model's card holds, for the adjustment of prevalence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml

from mh_batch.common.filesystem import Folder
from mh_batch.errors import SettingsError
from mh_batch.evaluation.contenders import Contender, Predictions
from mh_batch.evaluation.data.labelled_data import ALL, UNKNOWN, LabelledData
from mh_batch.evaluation.measures.metrics import Flags, confusion, once
from mh_batch.models import ErrorRate, ModelCard, parse_card, read_card
from mh_batch.models.card import card_as_yaml

# Rows with and without the label that a language must have for rates of its own.
_LEAST = 20


def measure_error_rates(one: Predictions, data: LabelledData) -> list[ErrorRate]:
    """Return sensitivity and specificity of each label that the model itself gives, over all rows and by language.

    Rows in languages that the card does not name are left out: the model is not run on them. The negative label of two
    has no entry: its rates are those of the other one, turned round. A language needs 20 rows with the label and 20
    without.
    """
    card, languages = one.contender.model.card, data.groups["language"]
    known = np.isin(languages, card.languages) if card.languages else np.ones(len(languages), np.bool_)
    found: list[ErrorRate] = []
    for column, mapping in enumerate(one.contender.mappings):
        if mapping.is_own and not _follows(card, mapping.label):
            found += _rates_of(mapping.label, one.said[known, column], data.where(known))
    return found


def _follows(card: ModelCard, label: str) -> bool:
    return card.task == "single_label" and len(card.labels) == 2 and label == card.negative_label


def _rates_of(label: str, said: Flags, data: LabelledData) -> Iterator[ErrorRate]:
    values, languages = data.known[:, data.labels.index(label)], data.groups["language"]
    for language in (ALL, *sorted(set(languages) - {UNKNOWN})):
        rows = ~np.isnan(values) & ((languages == language) | (language == ALL))
        counted = confusion(values[rows] == 1, said[rows], once(int(rows.sum())))
        positives, negatives = int(counted.positives[0]), int(counted.negatives[0])
        if min(positives, negatives) >= (1 if language == ALL else _LEAST):
            yield ErrorRate(
                label=label,
                language=language,
                sensitivity=round(float(counted.recall[0]), 4),
                specificity=round(float(counted.negated.recall[0]), 4),
                positives=positives,
                negatives=negatives,
            )


def error_rates_as_yaml(rates: Sequence[ErrorRate]) -> str:
    """Return the entries as they stand on the cards, one line each."""
    lines = [yaml.safe_dump(rate.model_dump(), default_flow_style=True, sort_keys=False, width=200) for rate in rates]
    return "error_rates:\n" + "".join(f"  - {line}" for line in lines)


def card_to_write(path: Path, contenders: Sequence[Contender]) -> Contender:
    """Return the contender whose error rates a card is to hold: the first of the model that it names.

    Raises:
        SettingsError: the card is of none of the models, or there is none and several models.
        ModelError: the card is not sound.
    """
    names = list(dict.fromkeys(contender.model.card.name for contender in contenders))
    name = read_card(path).name if path.exists() else names[0]
    if name not in names:
        raise SettingsError(f"{path} is the card of {name}, and measured are {', '.join(names)}")
    if not path.exists() and len(names) > 1:
        raise SettingsError(f"there is no card {path} yet, and several models to write one for: evaluate one at a time")
    return next(contender for contender in contenders if contender.model.card.name == name)


def write_error_rates(path: Path, one: Predictions, rates: Sequence[ErrorRate]) -> None:
    """Put error rates, and the thresholds that they belong to if those were chosen, on a card; the rest stays.

    Args:
        path: Of the card; made if it is not there.
        one: Predictions, with their thresholds.
        rates: To write.

    Raises:
        SettingsError: none of the data's labels is one that the model itself gives.
    """
    card = one.contender.model.card
    if not rates:
        raise SettingsError(
            f"no error rates for the card of {card.name}: it gives {', '.join(card.labels)}, and the data knows "
            "none of these"
        )
    text = path.read_text(encoding="utf-8") if path.exists() else card_as_yaml(card)
    text = _with_block(text, "error_rates", error_rates_as_yaml(rates))
    if one.thresholds:
        kept = {**parse_card(text, str(path)).thresholds, **{rate.label: one.thresholds[rate.label] for rate in rates}}
        text = _with_block(text, "thresholds", yaml.safe_dump({"thresholds": kept}, sort_keys=False))
    parse_card(text, str(path))
    Folder.at(str(path)).write_bytes(text.encode())


def _with_block(text: str, key: str, block: str) -> str:
    """Replace what stands under a key of the outermost level, or append it."""
    without = re.sub(rf"^{key}:.*\n?(?:(?:[ \t-].*)?\n?)*?(?=^[^\s-]|\Z)", "", text, flags=re.MULTILINE)
    return f"{without.rstrip()}\n{block}"

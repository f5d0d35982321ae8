"""The ground truth: what the data says holds of each text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from mh_batch.errors import CorpusError, SettingsError
from mh_batch.evaluation.data.labelled_files import OF_LABELS
from mh_batch.evaluation.measures.metrics import Floats
from mh_batch.models import ModelCard

_USUAL = "depressed"
_YES, _NO = "1", "0"
_READ_AS = {"true": _YES, "false": _NO, "1.0": _YES, "0.0": _NO}
# What may be quoted of a label column: it might be a text column by mistake.
_WORD = re.compile(r"[\w.-]{1,24}")
_MOST_QUOTED = 8


@dataclass(frozen=True)
class Truth:
    """The labels that hold of each row.

    Attributes:
        labels: Labels of the data.
        known: 1 or 0, rows x labels; NaN where nobody knows.
        how: How the data's values were read, for people.
    """

    labels: tuple[str, ...]
    known: Floats
    how: str


def read_truth(table: pa.Table, positive: str | None, cards: Sequence[ModelCard]) -> Truth:
    """Read the labels of labelled data.

    Args:
        table: With `label`, or a column `label_<name>` for each label, which come first.
        positive: `NAME=VALUE,VALUE`: which values of `label` mean the label NAME; all others mean its absence.
        cards: Whose labels the values may name.

    Raises:
        CorpusError: a value is none that is known.
        SettingsError: `positive` is not of this form, or none of its values occurs.
    """
    columns = [name for name in table.column_names if name.startswith(OF_LABELS)]
    if columns and positive is None:
        known = np.stack([_yes_or_no(table, name) for name in columns], axis=1)
        return Truth(tuple(name.removeprefix(OF_LABELS) for name in columns), known, f"columns {', '.join(columns)}")
    if "label" not in table.column_names:
        raise SettingsError("--positive explains the column label, which the data lacks")
    values = _strings(table["label"])
    found = sorted(set(values.dropna()))
    if positive is not None:
        return _by_rule(values, found, positive)
    if set(found) <= {_YES, _NO}:
        return _one_against_rest(values, [_USUAL], {_USUAL: {_YES}}, f"1 means {_USUAL}")
    names = {label for card in cards for label in (*card.labels, *card.indicates)}
    negative = {card.negative_label for card in cards}
    if set(found) <= names and (labels := [label for label in found if label not in negative]):
        return _one_against_rest(values, labels, {label: {label} for label in labels}, "each value is a label")
    raise CorpusError(
        f"the column label holds {_quoted(found)}, which are neither 0 and 1 nor labels of the models: say which mean "
        "what, such as --positive depressed=severe,moderate"
    )


def _by_rule(values: pd.Series[str], found: Sequence[str], positive: str) -> Truth:
    name, _, listed = positive.partition("=")
    wanted = {_READ_AS.get(value.strip().lower(), value.strip()) for value in listed.split(",") if value.strip()}
    if not name.strip() or not wanted:
        raise SettingsError(f"--positive takes NAME=VALUE,VALUE, not '{positive}'")
    if missing := wanted - set(found):
        raise SettingsError(
            f"--positive {positive}: the column label never says {', '.join(sorted(missing))}; it says {_quoted(found)}"
        )
    others = [value for value in found if value not in wanted]
    how = f"{', '.join(sorted(wanted))} means {name.strip()}, {_quoted(others)} its absence"
    return _one_against_rest(values, [name.strip()], {name.strip(): wanted}, how)


def _one_against_rest(values: pd.Series[str], labels: Sequence[str], meaning: dict[str, set[str]], how: str) -> Truth:
    known = np.stack([values.isin(list(meaning[label])).to_numpy() for label in labels], axis=1).astype(np.float64)
    known[values.isna().to_numpy()] = np.nan
    return Truth(tuple(labels), known, how)


def _yes_or_no(table: pa.Table, name: str) -> Floats:
    values = _strings(table[name])
    if wrong := sorted(set(values.dropna()) - {_YES, _NO}):
        raise CorpusError(f"the column {name} must hold 1, 0 or null, and holds {_quoted(wrong)}")
    return np.asarray(values.map({_YES: 1.0, _NO: 0.0}), np.float64)


def _strings(column: pa.ChunkedArray) -> pd.Series[str]:
    """Values as words: 1 and 0 for what is true and false, null for what is not there."""
    if pa.types.is_floating(column.type):  # pandas writes integers so in a column with nulls
        column = pa.chunked_array([pa.array(column.to_pandas(), from_pandas=True)])
    try:
        strings = column.cast(pa.string())
        strings.validate(full=True)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        raise CorpusError(f"a column of labels is {column.type}, or not in UTF-8: its values are no labels") from None
    words = pd.Series(strings.to_pylist(), dtype=object)
    return words.map(lambda word: word if word is None else _READ_AS.get(word.strip().lower(), word.strip())).astype(
        object
    )


def _quoted(values: Collection[str]) -> str:
    """Name values that look like labels, count the others: they may be texts."""
    words = [value for value in values if _WORD.fullmatch(value)][:_MOST_QUOTED]
    rest = len(values) - len(words)
    more = f"{rest:,} other values" if words else f"{rest:,} values that are no single words"
    return ", ".join([*words, *([more] if rest else [])]) or "nothing else"

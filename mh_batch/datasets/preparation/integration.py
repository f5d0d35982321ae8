"""Rows of all sources under the same columns, and reasons for which others are left out."""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.contracts import load_contract
from mh_batch.corpus import detect_language
from mh_batch.datasets.preparation.label_rules import apply_label_rules, matching
from mh_batch.datasets.preparation.preparation_recipe import CommonColumn, PreparationRecipe, Source
from mh_batch.datasets.preparation.recipe_sources import own_name
from mh_batch.datasets.text_features import comparable, length_band
from mh_batch.errors import PreparationError

_VISIBLE = re.compile(r"[^\W_]|[^\s\w\u0000-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_LABEL_WORD = re.compile(r"[\w.-]{1,32}")
_SHOWN_VALUES = 5
_DIGITS = 16


class ExclusionReason(StrEnum):
    """Reasons for which rows are in no split: the fixed words of the `reason` column."""

    FILTERED = "filtered"
    NO_TEXT = "no_text"
    NO_LABEL = "no_label"
    OTHER_LANGUAGE = "other_language"
    COPY = "copy"
    CONFLICTING_COPIES = "conflicting_copies"
    NEAR_COPY = "near_copy"
    LENGTH_BALANCE = "length_balance"


MEANINGS = {
    ExclusionReason.FILTERED: "did not meet the conditions of the recipe",
    ExclusionReason.NO_TEXT: "no text, or nothing visible in it",
    ExclusionReason.NO_LABEL: "the rules say nothing about any label",
    ExclusionReason.OTHER_LANGUAGE: "in a language that the recipe does not want",
    ExclusionReason.COPY: "the same text as a row that stayed, but for case, punctuation, links and mentions",
    ExclusionReason.CONFLICTING_COPIES: "copies of one source whose labels disagree",
    ExclusionReason.NEAR_COPY: "nearly the same text as a row that stayed",
    ExclusionReason.LENGTH_BALANCE: "drawn out, so that the length bands have their shares",
}


def left_out(rows: pd.DataFrame, reason: ExclusionReason, copy_of: pd.Series | None = None) -> pd.DataFrame:
    """Return what is recorded of rows that are left out, without their text: `doc_id, source, reason, copy_of`.

    Args:
        rows: The rows.
        reason: Why they are left out.
        copy_of: For copies, the `doc_id` of the row that stays.
    """
    return rows[["doc_id", "source"]].assign(reason=reason.value, copy_of=copy_of)


def label_columns(labels: Sequence[str]) -> list[str]:
    """Return the names of the label columns, as the contract has them."""
    contract = load_contract("prepared").for_labels(tuple(labels))
    return [column.name for column in contract.columns if column.per_label]


def integrate(rows: pd.DataFrame, source: Source, recipe: PreparationRecipe) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the usable rows of a source, and what is recorded of the others.

    Args:
        rows: The columns of the source that the recipe uses, under its own names.
        source: How they become ours.
        recipe: What all sources have in common.

    Returns:
        `doc_id, text, language, source, author, category, comparable, n_words, length_band, label_<name>...`, text
        stripped but else as it was, labels 1, 0 or NaN (unknown); and `doc_id, source, reason, copy_of`.

    Raises:
        PreparationError: the rules say nothing of some rows, and the recipe does not say that these are to be left out.
    """
    common = _common(rows, source)
    claims = apply_label_rules(rows, source.labels, recipe.labels)
    common[label_columns(recipe.labels)] = claims
    problems = _problems(rows, common["text"], claims, source)
    if source.unmatched == "error" and recipe.task == "single_label":
        _check_all_labelled(rows[problems == ExclusionReason.NO_LABEL], source)
    usable = problems.isna()
    kept = common[usable].assign(language=_languages(common[usable], source, recipe))
    wanted = kept["language"].isin(recipe.languages)
    rejected = [left_out(common[problems == reason], ExclusionReason(reason)) for reason in problems.dropna().unique()]
    rejected.append(left_out(kept[~wanted], ExclusionReason.OTHER_LANGUAGE))
    return _measured(kept[wanted]), pd.concat(rejected)


def _problems(rows: pd.DataFrame, texts: pd.Series, claims: npt.NDArray[np.float64], source: Source) -> pd.Series:
    """The reason for which each row cannot be used, as far as its language plays no part; None if it can."""
    problems = pd.Series([None] * len(rows), dtype=object)
    problems = problems.mask(pd.Series(np.isnan(claims).all(axis=1)), ExclusionReason.NO_LABEL)
    problems = problems.mask(texts.map(_says_nothing), ExclusionReason.NO_TEXT)
    return problems.mask(~matching(rows, source.where), ExclusionReason.FILTERED)


def _common(rows: pd.DataFrame, source: Source) -> pd.DataFrame:
    common = pd.DataFrame({"text": [_stripped(text) for text in rows[own_name(source, "text")]]})
    for column in ("language", "author", "category"):
        common[column] = _column(rows, source, column)
    common["source"] = source.name
    common["doc_id"] = _identifiers(_column(rows, source, "doc_id"), common["text"], source.name)
    return common


def _stripped(text: Any) -> str | None:  # noqa: ANN401 - whatever the column holds
    return text.strip() if isinstance(text, str) else None


def _column(rows: pd.DataFrame, source: Source, column: CommonColumn) -> list[str | None]:
    """The source's values of one of our columns as strings; the constant given for it; or nothing."""
    name = own_name(source, column)
    if column in source.values or name not in rows:
        return [source.values.get(column)] * len(rows)
    return [None if pd.isna(value) else str(value) for value in rows[name]]


def _identifiers(given: Sequence[str | None], texts: pd.Series, source: str) -> list[str]:
    """`source/id`; without an id, or where rows share one, a digest of the text distinguishes rows in any order."""
    shared = pd.Series(list(given), dtype=object).duplicated(keep=False)
    digests = [hashlib.sha256((text or "").encode()).hexdigest()[:_DIGITS] for text in texts]
    parts = zip(given, digests, shared, strict=True)
    return [f"{source}/{d if i is None else f'{i}-{d}' if again else i}" for i, d, again in parts]


def _says_nothing(text: str | None) -> bool:
    return text is None or _VISIBLE.search(text) is None


def _check_all_labelled(unlabelled: pd.DataFrame, source: Source) -> None:
    if unlabelled.empty:
        return
    names = sorted({name for rule in source.labels for name in rule.when})
    seen = "; ".join(f"{name}: {_shown(unlabelled[name])}" for name in names)
    raise PreparationError(
        f"source '{source.name}': no rule gives {len(unlabelled):,} rows a label ({seen}). Add a rule for them, filter "
        "them with 'where', or say 'unmatched: leave_out'"
    )


def _shown(values: pd.Series) -> str:
    """The values of a column, as far as they look like labels: anything else may be text."""
    words = sorted({str(value) for value in values.explode()})
    shown = [word if _LABEL_WORD.fullmatch(word) else "(no label word)" for word in words[:_SHOWN_VALUES]]
    return ", ".join(dict.fromkeys(shown)) + (", ..." if len(words) > _SHOWN_VALUES else "")


def _languages(rows: pd.DataFrame, source: Source, recipe: PreparationRecipe) -> list[str]:
    """The language of each row: as given, of which `pt-BR` is `pt`, or else as detected."""
    given = [source.language_codes.get(code or "", code or "") for code in rows["language"]]
    codes = [re.split("[-_]", code.strip().lower())[0] for code in given]
    pairs = zip(codes, rows["text"], strict=True)
    return [code or detect_language(text, recipe.detect_among) for code, text in pairs]


def _measured(rows: pd.DataFrame) -> pd.DataFrame:
    words = rows["text"].map(lambda text: len(text.split())).astype(np.int64)
    return rows.assign(comparable=rows["text"].map(comparable), n_words=words, length_band=words.map(length_band))

"""Why a row of a source is not in the splits."""

from enum import StrEnum

import pandas as pd


class ExclusionReason(StrEnum):
    """The fixed words of the `reason` column."""

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
    """Return what is recorded of rows that are left out, without their text: `doc_id, source, reason, copy_of`."""
    return rows[["doc_id", "source"]].assign(reason=reason.value, copy_of=copy_of)

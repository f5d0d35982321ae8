"""The reasons why documents are not scored."""

from enum import StrEnum


class RejectionReason(StrEnum):
    """The fixed words of the `reason` column of `rejected`."""

    ERASED = "erased"
    MALFORMED_RECORD = "malformed_record"
    NULL_DOC_ID = "null_doc_id"
    UNDECODABLE_DOC_ID = "undecodable_doc_id"
    DUPLICATE_DOC_ID = "duplicate_doc_id"
    NO_CONSENT = "no_consent"
    NULL_TEXT = "null_text"
    UNDECODABLE_TEXT = "undecodable_text"
    NUL_IN_TEXT = "nul_in_text"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LARGE = "text_too_large"
    INVALID_DATE = "invalid_date"
    UNKNOWN_LANGUAGE = "unknown_language"
    INFERENCE_FAILED = "inference_failed"

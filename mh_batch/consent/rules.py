"""By which rule consent to research keeps a text out."""

from enum import StrEnum

RESEARCH = "research"


class ConsentRule(StrEnum):
    """The fixed words of the detail of a document that is rejected for want of consent; the first that holds."""

    WITHDRAWN_BY_AUTHOR = "withdrawn by author"
    WITHDRAWN_FOR_DOCUMENT = "withdrawn for document"
    NOT_LISTED = "not in the document's consent"
    NOT_GRANTED = "not granted"
